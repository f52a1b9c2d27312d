#!/usr/bin/env python3
"""What a role does to the login of who holds it: codes issued before do not outlive the grant."""
import unittest

import town

NEW_PASSWORD = "not the holder's own"


class Codes(unittest.TestCase):
    def setUp(self):
        self.server = town.server().start()
        self.addCleanup(self.server.close)
        self.town = town.Town(self.server)
        self.liaison = self.town.holder("liaison", "part")

    def code(self, number, issuer=None):
        return (issuer or self.liaison).call("POST", "/activation-codes", {"people": [number]})["codes"][0]["code"]

    def activates(self, number, code):
        status, _headers, _reply = self.server.api().raw(
            "POST", "/api/v1/activations",
            b'{"person":"%s","code":"%s","new_password":"%s"}' % (number.encode(), code.encode(), NEW_PASSWORD.encode()),
            "application/json")
        return status

    def grant(self, number, role, unit):
        self.town.admin.call("POST", f"/people/{number}/roles", {"role": role, "unit": unit})

    def test_a_code_issued_before_a_grant_activates_nothing_after_it(self):
        for number, role, unit in (("A1-00", "officer", "A"), ("A1-01", "administrator", ""), ("A1-02", "liaison", "A1")):
            code = self.code(number)
            self.grant(number, role, unit)
            self.assertEqual(self.activates(number, code), 401, (number, role))

    def test_nor_after_the_server_read_everything_anew(self):
        code = self.code("A2-00")
        self.grant("A2-00", "officer", "")
        self.server.stop()
        self.server.start()
        self.assertEqual(self.activates("A2-00", code), 401)

    def test_a_code_of_who_may_grant_the_role_activates_after_the_grant(self):
        self.grant("A2-01", "officer", "A")
        self.assertEqual(self.activates("A2-01", self.code("A2-01", self.town.admin)), 201)

    def test_a_code_survives_what_happens_to_others_and_a_role_that_ends(self):
        code = self.code("A2-02")
        self.grant("A2-03", "officer", "A")
        self.town.admin.call("POST", "/people/A2-02/roles/revocation", {"role": "officer", "unit": "A"})
        self.assertEqual(self.activates("A2-02", code), 201)


if __name__ == "__main__":
    unittest.main()
