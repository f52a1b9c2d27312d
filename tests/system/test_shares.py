#!/usr/bin/env python3
"""The two shares of a master seed are two people's: nobody commits both, and each shows their own."""
import unittest

import rig
import town


class Shares(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = town.server().start()
        cls.addClassCleanup(cls.server.close)
        cls.town = town.Town(cls.server)
        cls.officer, cls.keeper = cls.town.holder("officer"), cls.server.custodian()
        cls.definition = town.definition_of(cls.officer, rig.exam(cls.officer))
        cls.both = "另一方份额的摘要也是您提交的：两方份额须由两人各持一份，"
        cls.not_yours = "份额的摘要由他人提交，只能由提交人本人交出"

    def setUp(self):
        self.prepare()

    def prepare(self):
        self.exam = self.officer.call("POST", "/exams", self.definition)["exam"]
        self.pairs = {which: town.share_pair() for which in ("officer", "custodian")}

    def commit(self, api, which):
        api.call("POST", f"/exams/{self.exam}/shares", {"which": which, "digest": self.pairs[which][0]})

    def reveal(self, api, which):
        api.call("PUT", f"/exams/{self.exam}/shares", {"which": which, "share": self.pairs[which][1]})

    def refused(self, detail, act, *args):
        with self.assertRaises(rig.Refused) as e:
            act(*args)
        self.assertEqual(e.exception.status, 403)
        self.assertIn(detail, e.exception.problem["detail"])

    def test_nobody_commits_both_shares_in_either_order(self):
        for one, other in (("officer", "custodian"), ("custodian", "officer")):
            self.prepare()
            self.commit(self.officer, one)
            self.refused(self.both, self.commit, self.officer, other)
            self.commit(self.officer, one)  # a repeat is no second
            self.commit(self.keeper, other)

    def test_nobody_reveals_what_somebody_else_committed(self):
        self.commit(self.officer, "officer")
        self.commit(self.keeper, "custodian")
        self.refused("考务人员" + self.not_yours, self.reveal, self.keeper, "officer")
        self.refused("题库保管人" + self.not_yours, self.reveal, self.officer, "custodian")
        self.reveal(self.officer, "officer")
        self.refused(self.not_yours, self.reveal, self.keeper, "officer")  # nor what is revealed
        self.reveal(self.keeper, "custodian")
        self.reveal(self.keeper, "custodian")
        self.assertEqual(self.officer.call("POST", f"/exams/{self.exam}/open")["state"], "open")

    def test_who_committed_is_known_after_a_restart(self):
        self.commit(self.officer, "officer")
        self.server.stop()
        self.server.start()
        self.refused(self.both, self.commit, self.officer, "custodian")
        self.commit(self.keeper, "custodian")
        self.refused(self.not_yours, self.reveal, self.keeper, "officer")
        self.reveal(self.officer, "officer")


if __name__ == "__main__":
    unittest.main()
