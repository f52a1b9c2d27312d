#!/usr/bin/env python3
"""What a role does to the login of who holds it: codes issued before do not outlive the grant. And what the
roster does to a role: who is taken off the books loses it (docs/decisions/0004)."""
import datetime
import unittest

import rig

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


class Books(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = town.server().start()
        cls.addClassCleanup(cls.server.close)
        cls.town = town.Town(cls.server)

    def day(self, n):
        return (rig.china_today() + datetime.timedelta(days=n)).isoformat()

    def record(self, number, status, day=0, unit="A1", **more):
        row = {"人员编号": number, "姓名": "张三", "单位编码": unit, "人员类别": "公务员", "状态": status,
               "生效日期": self.day(day), **more}
        text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
        return self.town.admin.call("POST", "/people/import", csv=text.encode())

    def grant(self, number, role="officer", unit="A", act="roles"):
        self.town.admin.call("POST", f"/people/{number}/{act}", {"role": role, "unit": unit})

    def holds(self, number, role="officer", unit="A"):
        """By what they may do, and by what they are told."""
        api = self.town.person(number)
        told = {"role": role, "unit": unit} in api.call("GET", "/me")["roles"]
        may = api.raw("GET", "/api/v1/releases" if role == "officer" else "/api/v1/units")[0] == 200
        self.assertEqual(told, may, number)
        return told

    def test_a_role_ends_with_the_record_that_takes_its_holder_off_the_books(self):
        self.record("OLD-1", "在册", -60)
        for number, status, day in (("A1-00", "调出", 0), ("A1-01", "退休", 0), ("OLD-1", "调出", -30)):
            self.grant(number)
            self.assertTrue(self.holds(number))
            self.record(number, status, day)
            self.assertFalse(self.holds(number), (status, day))

    def test_it_ends_on_the_day_and_for_what_holds_since_the_grant(self):
        self.grant("A1-03")
        self.record("A1-03", "调出", 1)
        self.assertTrue(self.holds("A1-03"))
        self.record("A1-04", "在册", -20)
        self.grant("A1-04")
        self.record("A1-04", "调出", -40)  # and back twenty days ago
        self.assertTrue(self.holds("A1-04"))

    def test_only_a_new_grant_brings_it_back(self):
        self.grant("A1-05")
        self.record("A1-05", "调出")
        self.record("A1-05", "在册")
        self.assertFalse(self.holds("A1-05"))
        self.grant("A1-05")
        self.assertTrue(self.holds("A1-05"))
        self.record("A1-05", "退休")
        self.grant("A1-05", act="roles/revocation")
        self.grant("A1-05", "liaison", "A1")
        self.assertFalse(self.holds("A1-05"))
        self.assertTrue(self.holds("A1-05", "liaison", "A1"))

    def test_what_is_granted_off_the_books_holds_until_they_are_left_anew(self):
        self.record("A1-06", "调出")
        self.grant("A1-06")
        self.record("A1-06", "调出", 姓名="张四")
        self.assertTrue(self.holds("A1-06"))
        self.record(rig.setup.ADMIN, "调出", unit="SF", 姓名="系统管理员（甲）")
        self.assertEqual(len(self.town.admin.call("GET", "/me")["roles"]), 2)
        self.record("A1-06", "在册")
        self.assertTrue(self.holds("A1-06"))
        self.record("A1-06", "退休")
        self.assertFalse(self.holds("A1-06"))

    def test_all_of_it_is_read_again_after_a_restart(self):
        self.grant("A2-00")
        self.record("A2-00", "调出", unit="A2")
        self.record("A2-00", "在册", unit="A2")
        self.record("A2-01", "调出", unit="A2")
        self.grant("A2-01")
        self.server.stop()
        self.server.start()
        self.assertFalse(self.holds("A2-00"))
        self.assertTrue(self.holds("A2-01"))


if __name__ == "__main__":
    unittest.main()
