"""One payload of every type, and variants at the edges of their fields, by the key numbers of
docs/record-format.md §5. tests/unit/record/samples.c says the same in the product's structs."""


def fill(first, size):
    """size bytes: first, first + 7, first + 14, …"""
    return bytes((first + 7 * i) & 255 for i in range(size))


def actor(first=1):
    return fill(first, 32)


SERVER = b""
AT = 1_767_225_600_000
SESSION_UUID = fill(0x10, 16)
EXAM_UUID = fill(0x20, 16)
I64_MAX = (1 << 63) - 1
U32_MAX = (1 << 32) - 1


def definition():
    return {
        0: "2026年度领导干部宪法法律知识考试",
        1: "annual",
        2: 2026,
        3: AT,
        4: AT + 86_400_000,
        5: 3_600_000,
        6: "2026-03-31",
        7: ["领导干部", "执法人员"],
        8: fill(0x81, 32),
        9: fill(0x82, 300),
        10: fill(0x83, 40),
        11: 2,
        12: 1,
        13: 30_000,
        14: 600_000,
        15: True,
        16: 1,
        17: "示范办〔2026〕12号",
    }


def smallest_definition():
    return {
        0: "考", 1: "qualification", 2: 1, 3: 0, 4: 0, 5: 0, 6: "2024-02-29", 7: [],
        8: bytes(32), 9: b"\x00", 10: b"\x01", 11: 1, 12: 3, 13: 0, 14: 0, 15: False, 16: 0, 17: "",
    }


def started():
    return {
        0: SESSION_UUID, 1: EXAM_UUID, 2: fill(0x30, 32), 3: 2, 4: fill(0x31, 32),
        5: fill(0x32, 32), 6: fill(0x33, 32), 7: fill(0x34, 32), 8: fill(0x35, 32),
        9: fill(0x36, 32), 10: 3_600_000, 11: 900_000, 12: 30_000, 13: 600_000,
        14: AT + 86_400_000, 15: True, 16: fill(0x37, 32), 17: fill(0x38, 260), 18: AT,
    }


def act(reason, at):
    return {0: actor(), 1: reason, 2: at}


# (name, type, payload); within a session in the order of the chain.
SAMPLES = [
    ("session-started", 1, started()),
    ("session-opened", 2, {0: fill(0x40, 16), 1: 1, 2: AT + 1}),
    ("responses", 3, {0: 1, 1: AT + 2, 2: [[1, 0, 1], [2, 5, 13], [3, 6, None], [4, 7, "全国人民代表大会"], [5, 8, ""]]}),
    ("responses-edges", 3, {0: U32_MAX, 1: I64_MAX, 2: [[0, 0, 0], [I64_MAX, 999, U32_MAX], [65536, 255, 65535]]}),
    ("session-suspended", 4, act("网络中断", AT + 3)),
    ("session-resumed", 5, act("网络恢复", AT + 4)),
    ("extra-time-granted", 6, {0: actor(2), 1: "考场停电", 2: AT + 5, 3: 600_000}),
    ("session-submitted", 7, {0: 2, 1: 77, 2: AT + 6}),
    ("session-submitted-edges", 7, {0: 1, 1: I64_MAX, 2: 0}),
    ("session-timed-out", 8, {0: AT + 3_600_000}),
    ("session-graded", 9, {
        0: 8_650, 1: 10_000, 2: True, 3: 1, 4: fill(0x51, 32), 5: fill(0x52, 32), 6: fill(0x53, 32),
        7: fill(0x54, 32), 8: fill(0x55, 32), 9: [200, 0, 150, 300], 10: False}),
    ("session-graded-edges", 9, {
        0: 0, 1: U32_MAX, 2: False, 3: -1, 4: fill(0x51, 32), 5: fill(0x52, 32), 6: fill(0x53, 32),
        7: fill(0x54, 32), 8: fill(0x55, 32), 9: [], 10: True}),
    ("session-voided", 10, act("替考", AT + 7)),
    ("session-voided-by-server", 10, {0: SERVER, 1: "", 2: 0}),
    ("session-reopened", 11, {0: actor(3), 1: "误交卷", 2: AT + 8, 3: AT + 7_200_000}),
    ("late-decided", 12, {0: actor(4), 1: "情况属实", 2: AT + 9, 3: True}),
    ("late-refused", 12, {0: actor(4), 1: "超过时限", 2: AT + 10, 3: False}),
    ("hearing-attended", 20, {0: actor(5), 1: AT, 2: fill(0x61, 32), 3: "ST-2026-007", 4: "2026-05-20", 5: 1}),
    ("hearing-attended-online", 20, {0: SERVER, 1: AT, 2: fill(0x62, 32), 3: "旁听一", 4: "2024-02-29", 5: 2}),
    ("attendance-revoked", 21, {0: actor(5), 1: AT + 1, 2: fill(0x61, 32), 3: "ST-2026-007", 4: "登记有误"}),
    ("unit-set", 100, {0: actor(), 1: AT, 2: "110000", 3: "示范市", 4: "", 5: "2020-01-01", 6: ""}),
    ("unit-set-below", 100, {0: actor(), 1: AT, 2: "110000-02", 3: "示范市司法局", 4: "110000", 5: "2020-01-01", 6: "2026-12-31"}),
    ("person-set", 101, {0: actor(), 1: AT, 2: "P-0001", 3: "张三", 4: "110000-02", 5: "领导干部", 6: 1, 7: "2021-09-01", 8: "局长", 9: "2021-08-15"}),
    ("person-set-left", 101, {0: SERVER, 1: AT, 2: "P-0002", 3: "李四", 4: "110000", 5: "", 6: 3, 7: "2026-01-01", 8: "", 9: ""}),
    ("roster-imported", 102, {0: actor(), 1: AT, 2: fill(0x71, 32), 3: 70_000, 4: 300, 5: 25, 6: 3}),
    ("role-granted", 103, {0: actor(), 1: AT, 2: "P-0001", 3: "officer", 4: "110000"}),
    ("role-granted-everywhere", 103, {0: SERVER, 1: AT, 2: "P-0001", 3: "auditor", 4: ""}),
    ("role-revoked", 104, {0: actor(), 1: AT + 1, 2: "P-0001", 3: "officer", 4: "110000"}),
    ("release-added", 110, {0: actor(), 1: AT, 2: fill(0x81, 32), 3: "2026-1"}),
    ("exam-created", 112, {0: actor(), 1: AT, 2: EXAM_UUID, 3: definition()}),
    ("exam-created-smallest", 112, {0: actor(), 1: AT, 2: fill(0x21, 16), 3: smallest_definition()}),
    ("share-committed", 113, {0: actor(), 1: AT, 2: EXAM_UUID, 3: 1, 4: fill(0x91, 32)}),
    ("share-revealed", 114, {0: actor(), 1: AT + 1, 2: EXAM_UUID, 3: 2, 4: fill(0x92, 60)}),
    ("exam-opened", 115, {0: SERVER, 1: AT + 2, 2: EXAM_UUID, 3: fill(0x93, 32), 4: fill(0x94, 256)}),
    ("exam-closed", 116, {0: actor(), 1: AT + 3, 2: EXAM_UUID}),
    ("item-withdrawn", 117, {0: actor(), 1: AT + 4, 2: EXAM_UUID, 3: "XF-0012", 4: "法律已修改"}),
    ("exemption-set", 118, {0: actor(), 1: AT, 2: EXAM_UUID, 3: "P-0002", 4: 2, 5: "因病缓考", 6: "缓考〔2026〕3号"}),
    ("exemption-lifted", 118, {0: actor(), 1: AT + 1, 2: EXAM_UUID, 3: "P-0002", 4: 0, 5: "", 6: ""}),
    ("activation-issued", 120, {0: actor(), 1: AT, 2: "P-0001", 3: fill(0xA1, 32), 4: AT + 604_800_000}),
    ("password-set", 121, {0: actor(), 1: AT, 2: "P-0001", 3: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA", 4: True}),
    ("login-revoked", 122, {0: actor(), 1: AT, 2: "P-0001"}),
]
