/* The table of commands and options. */
#include "clients/cli/command.h"

#define LISTS  (OPT(OPT_JSON) | OPT(OPT_CSV) | OPT(OPT_OUTPUT) | OPT(OPT_UNIT))
#define TABLES (OPT(OPT_JSON) | OPT(OPT_CSV) | OPT(OPT_OUTPUT) | OPT(OPT_UNIT) | OPT(OPT_AS_OF))

const struct option_row OPTIONS[OPTIONS_COUNT] = {
    {OPT_URL, "--url", NULL, "地址", "URL",
     "服务器地址（登录后记住；未指定时为 http://localhost:8080）",
     "the server's address (kept by login; otherwise http://localhost:8080)"},
    {OPT_CA, "--ca", NULL, "文件", "FILE", "服务器证书的签发者（PEM），用于本单位自签证书",
     "PEM file of who signed the server's certificate, where your office signs its own"},
    {OPT_LANG, "--lang", NULL, "zh|en", "zh|en", "界面语言（默认依 LC_ALL、LC_MESSAGES、LANG）",
     "language (default: by LC_ALL, LC_MESSAGES, LANG)"},
    {OPT_STATE, "--state", NULL, "目录", "DIR",
     "保存登录信息和未上传作答的目录（默认 ~/.local/state/mingfa）",
     "where the login and unsent answers are kept (default ~/.local/state/mingfa)"},
    {OPT_WIDE, "--ambiguous-wide", NULL, NULL, NULL, "终端把“”①—等符号显示为两列时使用",
     "for terminals that show signs such as “”①— in two columns"},
    {OPT_HELP, "--help", "-h", NULL, NULL, "显示帮助", "show this help"},
    {OPT_VERSION, "--version", NULL, NULL, NULL, "显示版本", "show the version"},
    {OPT_ACTIVATE, "--activate", NULL, NULL, NULL, "首次登录：用激活码设置自己的密码",
     "first log-in: set your own password by an activation code"},
    {OPT_PASSWORD_FILE, "--password-file", NULL, "文件", "FILE",
     "从文件第一行读取密码（- 为标准输入）",
     "read the password from a file's first line (-: standard "
     "input)"},
    {OPT_CODE_FILE, "--code-file", NULL, "文件", "FILE", "从文件第一行读取激活码（- 为标准输入）",
     "read the activation code from a file's first line (-: standard input)"},
    {OPT_JSON, "--json", NULL, NULL, NULL, "输出 JSON", "print JSON"},
    {OPT_CSV, "--csv", NULL, NULL, NULL, "输出 CSV（带 BOM，编号按文本，可直接用 Excel 打开）",
     "CSV (with BOM, ids as text, ready for Excel)"},
    {OPT_OUTPUT, "--output", "-o", "文件", "FILE", "写入文件（权限 0600）",
     "write to a file (mode 0600)"},
    {OPT_UNIT, "--unit", NULL, "单位编码", "CODE", "只看这个单位及其下级（默认为管理范围的顶层）",
     "this unit and those under it (default: the top of your scope)"},
    {OPT_AS_OF, "--as-of", NULL, "日期", "DATE", "截至这一天结束时的数字（YYYY-MM-DD，北京时间）",
     "figures as of the end of this day (YYYY-MM-DD, +08:00)"},
    {OPT_DRY_RUN, "--dry-run", NULL, NULL, NULL, "只检查、出报告，不写入",
     "check and report; write nothing"},
    {OPT_PEOPLE_FILE, "--people-file", NULL, "文件", "FILE",
     "从文件读取人员编号：每行第一列，可以直接用人员 CSV",
     "read person numbers from a file: the first column of each line; a people CSV will do"},
    {OPT_BLUEPRINT, "--blueprint", NULL, "文件", "FILE", "组卷蓝图（JSON），代替定义中的 blueprint",
     "the blueprint (JSON), instead of the definition's own"},
    {OPT_SHARE_FILE, "--share-file", NULL, "文件", "FILE", "种子份额所在的文件（权限 0600）",
     "the file that holds the share of the seed (mode 0600)"},
    {OPT_REASON, "--reason", NULL, "事由", "TEXT", "事由，记入考试记录",
     "the reason, which is recorded"},
    {OPT_DOCUMENT, "--document", NULL, "文号", "NUMBER", "批准文号",
     "number of the approving document"},
    {OPT_LINES, "--lines", NULL, NULL, NULL,
     "逐行问答，不使用全屏界面（标准输入输出不是终端时自动如此）",
     "plain lines instead of the full screen (so by itself without a terminal)"},
    {OPT_YES, "--yes", "-y", NULL, NULL, "不再询问确认", "do not ask for confirmation"},
};

const struct command COMMANDS[] = {
    {"login", "人员编号", "PERSON", 1, 1,
     OPT(OPT_ACTIVATE) | OPT(OPT_PASSWORD_FILE) | OPT(OPT_CODE_FILE), false, "登录，并在本机记住",
     "log in, and stay logged in on this machine",
     "密码在终端输入时不显示，也可以由文件或标准输入提供，不能写在命令行里。\n"
     "首次登录用单位发给您的激活码：mingfa login 人员编号 --activate --url 服务器地址。\n"
     "登录凭据保存在只有您能读取的文件中，退出登录后立即失效。",
     "The password is typed without echo, or comes from a file or standard input; never from the "
     "command line. The first time, use the code that your office gave you: "
     "mingfa login PERSON --activate --url URL.\n"
     "The login is kept in a file that only you can read, and ends when you log out.",
     cmd_login},
    {"logout", "", "", 0, 0, 0, true, "退出登录", "log out",
     "服务器上的登录随即失效，本机保存的凭据删除。连接不上服务器时只删除本机凭据，并以状态 1 "
     "退出。",
     "The login ends on the server and is removed here. When the server cannot be reached it is "
     "only removed here, and the exit status is 1.",
     cmd_logout},
    {"whoami", "", "", 0, 0, OPT(OPT_JSON), true, "显示当前登录的人员、单位和角色",
     "who is logged in: person, unit, roles", NULL, NULL, cmd_whoami},
    {"password", "", "", 0, 0, OPT(OPT_PASSWORD_FILE), true, "修改自己的密码",
     "change your password",
     "依次输入原密码、新密码，终端输入新密码须重复一次。其他设备上的登录随即失效。\n"
     "--password-file 的第一行是原密码，第二行是新密码。",
     "Asks for the old password and the new one (twice on a terminal). Other logins end.\n"
     "--password-file: first line the old one, second line the new one.",
     cmd_password},
    {"exams", "", "", 0, 0, OPT(OPT_JSON), true, "我的考试：时间、机会、成绩",
     "my exams: window, attempts, score", NULL, NULL, cmd_exams},
    {"take", "[考试]", "[EXAM]", 0, 1, OPT(OPT_LINES), true, "在终端里参加考试",
     "sit an exam in the terminal",
     "每题作答后立即上传，显示“已存”才表示服务器已经保存。断网时可以继续作答，未上传的作答"
     "保存在本机，恢复后自动上传；程序意外退出后，再次运行 mingfa take 即可继续。\n"
     "计时以服务器时钟为准，退出程序不停止计时。输入输出不是终端时逐行问答，可用于脚本。",
     "Every answer is sent at once; only \"stored\" means that the server has it. Without network "
     "you can go on: unsent answers are kept on this machine and sent again by themselves. After a "
     "crash run mingfa take again. The server's clock counts, and leaving does not stop it.\n"
     "Without a terminal it reads and writes plain lines, for scripts.",
     cmd_take},
    {"result", "[考试]", "[EXAM]", 0, 1, OPT(OPT_JSON), true, "我的成绩、等次和本单位覆盖情况",
     "my score and band, and my unit's coverage", NULL, NULL, cmd_result},
    {"import", "units|people|hearings 文件.csv", "units|people|hearings FILE.csv", 2, 2,
     OPT(OPT_DRY_RUN) | OPT(OPT_JSON), true, "导入单位、人员、旁听记录",
     "import units, people, court hearings",
     "units    单位编码,单位名称,上级编码\n"
     "people   人员编号,姓名,单位编码,人员类别,状态,职务,任职日期\n"
     "hearings 人员编号,场次编号,日期,方式\n"
     "有一处错误即全部不写入，并逐行列出错误。文件为 - 时读取标准输入。",
     "units    单位编码,单位名称,上级编码\n"
     "people   人员编号,姓名,单位编码,人员类别,状态,职务,任职日期\n"
     "hearings 人员编号,场次编号,日期,方式\n"
     "All or nothing: one fault and nothing is written; every fault is listed. -: standard input.",
     cmd_import},
    {"units", "", "", 0, 0, OPT(OPT_JSON), true, "列出管理范围内的单位",
     "list the units within your scope", NULL, NULL, cmd_units},
    {"codes", "[人员编号…]", "[PERSON…]", 0, 1000, OPT(OPT_PEOPLE_FILE) | OPT(OPT_OUTPUT), true,
     "签发一次性激活码，写入文件", "issue one-time activation codes into a file",
     "激活码等同于登录凭据，只显示这一次，因此只写入 -o 指定的新文件（权限 0600，CSV）。\n"
     "同一人以前的激活码随即作废。",
     "A code is as good as a login and is shown this once: it is only written to the new file "
     "that "
     "-o names (mode 0600, CSV). Earlier codes of the same people end.",
     cmd_codes},
    {"role", "grant|revoke 人员编号 角色 单位编码", "grant|revoke PERSON ROLE UNIT", 4, 4, 0, true,
     "授予或收回角色", "grant or revoke a role",
     "角色：liaison 单位联络员，officer 考务人员，hr 组织人事，auditor 审计，administrator "
     "系统管理员。",
     "Roles: liaison, officer, hr, auditor, administrator.", cmd_role},
    {"releases", "", "", 0, 0, OPT(OPT_JSON), true, "列出已验签的题库发布",
     "list the bank releases whose signatures hold", NULL, NULL, cmd_releases},
    {"exam list", "", "", 0, 0, OPT(OPT_JSON), true, "列出考试", "list exams", NULL, NULL,
     cmd_exam_list},
    {"exam show", "考试", "EXAM", 1, 1, OPT(OPT_JSON), true, "显示一场考试的定义和状态",
     "show an exam's definition and state", NULL, NULL, cmd_exam_show},
    {"exam create", "定义.json", "DEFINITION.json", 1, 1, OPT(OPT_BLUEPRINT) | OPT(OPT_JSON), true,
     "按定义文件建立考试", "create an exam from a definition",
     "定义文件是接口 ExamDefinition 的 JSON，另可写：\n"
     "  \"window_start\"、\"window_end\"  北京时间，如 \"2026-11-24 09:00\"\n"
     "  \"duration_minutes\"            代替 duration_ms\n"
     "  省略 \"release\"                只有一个题库发布时用它",
     "The definition is the API's ExamDefinition as JSON. You may also write:\n"
     "  \"window_start\", \"window_end\"  at +08:00, such as \"2026-11-24 09:00\"\n"
     "  \"duration_minutes\"            instead of duration_ms\n"
     "  no \"release\"                  where there is just one release",
     cmd_exam_create},
    {"exam commit", "考试 officer|custodian", "EXAM officer|custodian", 2, 2,
     OPT(OPT_SHARE_FILE) | OPT(OPT_JSON), true, "提交一份抽题种子的摘要",
     "commit to a share of the draw's seed",
     "份额文件不存在时，用系统随机数新建。考务人员与题库保管人各提交一份摘要后，才能各自交出份额；"
     "两份不能由同一人提交。",
     "Makes the share from the system's random numbers when the file does not exist. Both shares "
     "are committed to, by two people, before either is revealed.",
     cmd_exam_commit},
    {"exam reveal", "考试 officer|custodian", "EXAM officer|custodian", 2, 2,
     OPT(OPT_SHARE_FILE) | OPT(OPT_JSON), true, "交出一份抽题种子",
     "reveal a share of the draw's seed", NULL, NULL, cmd_exam_reveal},
    {"exam open", "考试", "EXAM", 1, 1, OPT(OPT_JSON), true, "开放考试，公布总种子摘要",
     "open an exam; publishes the digest of its seed", NULL, NULL, cmd_exam_open},
    {"exam close", "考试", "EXAM", 1, 1, OPT(OPT_JSON) | OPT(OPT_YES), true,
     "结束考试，未考记为缺考", "close an exam; who has not sat is absent",
     "结束后不能再开考，也不能重新开放，因此先询问确认。",
     "No more starts, and no way back: asks for confirmation.", cmd_exam_close},
    {"exam exempt", "考试 人员编号", "EXAM PERSON", 2, 2,
     OPT(OPT_REASON) | OPT(OPT_DOCUMENT) | OPT(OPT_YES), true, "批准免考", "exempt a person",
     "须写明 --reason 事由和 --document 批准文号。已有成绩的人免考后不再计入实考，因此先询问确认，"
     "并在事由中注明。",
     "Needs --reason and --document. Who has a score and is exempted counts no longer as having "
     "sat: "
     "asks for confirmation, and says so in the reason.",
     cmd_exam_exempt},
    {"exam defer", "考试 人员编号", "EXAM PERSON", 2, 2, OPT(OPT_REASON) | OPT(OPT_DOCUMENT), true,
     "批准缓考", "defer a person", "须写明 --reason 事由和 --document 批准文号。",
     "Needs --reason and --document.", cmd_exam_defer},
    {"exam include", "考试 人员编号", "EXAM PERSON", 2, 2, OPT(OPT_REASON) | OPT(OPT_DOCUMENT),
     true, "撤销免考或缓考", "take back an exemption or deferral",
     "须写明 --reason 事由和 --document 批准文号。", "Needs --reason and --document.",
     cmd_exam_include},
    {"exam withdraw", "考试 题目编号", "EXAM ITEM", 2, 2, OPT(OPT_REASON) | OPT(OPT_YES), true,
     "撤下一道题，已抽到的给满分", "withdraw an item; full marks where it was drawn",
     "须写明 --reason 事由。以后抽题不再用到它；不能收回，因此先询问确认。",
     "Needs --reason. Later draws leave it out; there is no way back: asks for confirmation.",
     cmd_exam_withdraw},
    {"sessions", "考试", "EXAM", 1, 1, LISTS, true, "列出答卷和作答状态",
     "list who is writing, and the state of each session", NULL, NULL, cmd_sessions},
    {"session suspend", "答卷", "SESSION", 1, 1, OPT(OPT_REASON), true,
     "暂停一份答卷，暂停时长在考试时段内补足",
     "suspend a session; the time is given back within the window", NULL, NULL,
     cmd_session_suspend},
    {"session resume", "答卷", "SESSION", 1, 1, OPT(OPT_REASON), true, "恢复已暂停的答卷",
     "resume a suspended session", NULL, NULL, cmd_session_resume},
    {"session extend", "答卷 分钟", "SESSION MINUTES", 2, 2, OPT(OPT_REASON), true, "延长作答时间",
     "grant extra time", NULL, NULL, cmd_session_extend},
    {"session void", "答卷", "SESSION", 1, 1, OPT(OPT_REASON) | OPT(OPT_YES), true,
     "作废一份答卷，退还一次机会", "void a session and give its attempt back",
     "作废后不能恢复，因此先询问确认。", "There is no way back: asks for confirmation.",
     cmd_session_void},
    {"session late", "答卷 accept|refuse", "SESSION accept|refuse", 2, 2, OPT(OPT_REASON), true,
     "决定截止后收到的作答是否计入", "decide whether late responses count", NULL, NULL,
     cmd_session_late},
    {"coverage", "考试", "EXAM", 1, 1, TABLES, true, "各单位覆盖率表", "coverage by unit",
     "应考、免考、实考、合格、待定、缓考、未考（结束后为缺考）、合格且已旁听，及四项比率；"
     "表后列出计算公式。",
     "Counts and the four rates at every unit, own staff and all below; the formula stands under "
     "the table.",
     cmd_coverage},
    {"scores", "考试", "EXAM", 1, 1, TABLES, true, "成绩表", "scores",
     "导出：mingfa scores 考试 --csv -o 成绩.csv。编号按文本保存，以 = + - @ "
     "开头的内容已作防公式处理。",
     "Export: mingfa scores EXAM --csv -o FILE. Ids are text; cells that begin with = + - @ are "
     "made harmless.",
     cmd_scores},
    {"missing", "考试", "EXAM", 1, 1, LISTS, true, "未考人员名单（结束后为缺考）",
     "who has not sat yet (once closed: who is absent)", NULL, NULL, cmd_missing},
};
const int COMMANDS_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]);
