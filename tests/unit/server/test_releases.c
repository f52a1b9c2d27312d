/* The folder of releases: what has a quorum is opened, what has not is named in the log and left out,
 * and without any the server does not start. */
#include "server/releases.h"

#include "question-bank/base/file.h"
#include "question-bank/format/keyring_json.h"
#include "tests/unit/server/folder.h"
#include "tests/unit/server/log_lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KEYS = 3, QUORUM = 2 };

static struct folder folder;
static char dir[FOLDER_PATH_BYTES * 2];
static char keyring_path[FOLDER_PATH_BYTES * 2];
static struct signing_key *signing_keys[KEYS];
static struct env_system env_state;
static struct env env;

static struct item item_of(void)
{
    struct item it = {.revision = 1, .type = ITEM_SINGLE, .difficulty = 2, .level = 1};

    it.id = bytes_of_text("XF-S-001");
    it.area = bytes_of_text("宪法");
    it.topics[it.topics_count++] = bytes_of_text("任期");
    it.stem = bytes_of_text("任期为（　　）。");
    it.explanation = bytes_of_text("第六十条。");
    it.facility = item_default_facility(it.difficulty);
    it.citations[0].title = bytes_of_text("中华人民共和国宪法");
    it.citations[0].article = 60;
    it.citations_count = 1;
    it.answer_key.mask = 1;
    it.options[0] = bytes_of_text("五年");
    it.options[1] = bytes_of_text("四年");
    it.options_count = 2;
    memset(it.salt, 7, sizeof it.salt);
    return it;
}

/* releases/NAME.mfbank, signed by the keys of the mask. */
static void put_release(const char *name, unsigned signers)
{
    struct item it = item_of();
    struct item_pool pool = {&it, 1};
    struct release_law law = {.title = bytes_of_text("中华人民共和国宪法"),
                              .version = bytes_of_text("2018-03-11"),
                              .in_force = bytes_of_text("1982-12-04")};
    struct manifest head = {.name = bytes_of_text(name),
                            .created = bytes_of_text("2026-11-24"),
                            .law_date = bytes_of_text("2026-11-24"),
                            .laws = &law,
                            .laws_count = 1,
                            .sample = true,
                            .fold_version = 1};
    struct buf raw = {0};
    struct digest digest;
    struct bank *bank = NULL;
    char path[FOLDER_PATH_BYTES];

    cr_assert_eq(release_build(&head, &pool, &raw, &digest, NULL), 0);
    snprintf(path, sizeof path, "releases/%s.mfbank", name);
    folder_write(&folder, path, buf_view(&raw), 0644);
    cr_assert_eq(release_open_unsigned(&raw, &bank, NULL), 0);
    for (unsigned i = 0; i < KEYS; i++) {
        struct buf signature = {0};

        if ((signers >> i & 1) == 0)
            continue;
        cr_assert_eq(release_sign(bank, signing_keys[i], &signature, NULL), 0);
        snprintf(path, sizeof path, "releases/%s.mfbank.key%u.sig", name, i);
        folder_write(&folder, path, buf_view(&signature), 0644);
        buf_fini(&signature);
    }
    bank_free(bank);
    buf_fini(&raw);
}

static void set_up(void)
{
    struct keyring keyring = {.quorum = QUORUM};
    struct buf text = {0};

    env_system_init(&env_state, 0, &env);
    folder_make(&folder);
    folder_path(&folder, "releases", dir);
    folder_path(&folder, "keyring.json", keyring_path);
    cr_assert_eq(file_make_dirs(dir, NULL), 0);
    for (unsigned i = 0; i < KEYS; i++) {
        struct keyring_entry *e = &keyring.entries[keyring.count++];

        cr_assert_eq(signing_key_generate(i == 0 ? SEAL_SM2 : SEAL_ED25519, &signing_keys[i], NULL),
                     0);
        cr_assert_eq(public_key_import(public_key_der(signing_key_public(signing_keys[i])),
                                       &e->public_key, NULL),
                     0);
        snprintf(e->name, sizeof e->name, "保管人%u", i);
        e->role = KEYRING_CUSTODIAN;
        strcpy(e->valid_from, "2026-01-01");
        strcpy(e->valid_to, "2027-01-01");
    }
    cr_assert_eq(keyring_json_write(&keyring, &text, NULL), 0);
    folder_write(&folder, "keyring.json", buf_view(&text), 0644);
    buf_fini(&text);
    keyring_fini(&keyring);
}

static void tear_down(void)
{
    for (unsigned i = 0; i < KEYS; i++)
        signing_key_free(signing_keys[i]);
    folder_remove(&folder);
}

TestSuite(releases, .timeout = 60, .init = set_up, .fini = tear_down);

/* Opens while standard error is watched. The lines are the caller's. */
static int open_watched(struct releases **out, struct err *err, json_t **lines)
{
    struct log_lines l;
    int rc;

    log_lines_begin(&l);
    rc = releases_open(dir, keyring_path, &env, out, err);
    *lines = log_lines_end(&l);
    return rc;
}

static const char *member(const json_t *lines, size_t line, const char *name)
{
    const char *text = json_string_value(json_object_get(json_array_get(lines, line), name));

    return text != NULL ? text : "(absent)";
}

Test(releases, those_with_a_quorum_are_opened_and_the_others_named_in_the_log)
{
    struct releases *r = NULL;
    json_t *lines;
    char path[FOLDER_PATH_BYTES * 3];

    put_release("a-unsigned", 0);
    put_release("b-one", 1);
    put_release("c-two", 1 | 2);
    put_release("d-three", 1 | 2 | 4);
    folder_write(&folder, "releases/e-garbage.mfbank", bytes_of_text("no release"), 0644);
    folder_write(&folder, "releases/notes.txt", bytes_of_text("ignored"), 0644);
    cr_assert_eq(open_watched(&r, NULL, &lines), 0);
    cr_assert_eq(r->count, 2);
    cr_assert(bytes_equal(bank_manifest(r->banks[0])->name, bytes_of_text("c-two")));
    cr_assert(bytes_equal(bank_manifest(r->banks[1])->name, bytes_of_text("d-three")));
    cr_assert_eq(r->releases[0].signers_count, 2);
    cr_assert_eq(r->releases[1].signers_count, 3);
    cr_assert_eq(r->releases[0].bank, r->banks[0]);
    cr_assert_eq(r->releases[0].signers, r->signers[0]);
    cr_assert_eq(json_array_size(lines), 5);
    for (size_t i = 0; i < 5; i++) {
        static const char *const names[] = {"a-unsigned", "b-one", "c-two", "d-three", "e-garbage"};
        bool good = i == 2 || i == 3;

        snprintf(path, sizeof path, "%s/%s.mfbank", dir, names[i]);
        cr_assert_str_eq(member(lines, i, "event"), good ? "release-opened" : "release-refused");
        cr_assert_str_eq(member(lines, i, "level"), good ? "info" : "error");
        cr_assert_str_eq(member(lines, i, good ? "path" : "what"), path);
    }
    cr_assert_str_eq(member(lines, 0, "code"), err_code_name(ERR_UNAUTHENTIC));
    cr_assert_str_eq(member(lines, 1, "code"), err_code_name(ERR_UNAUTHENTIC));
    json_decref(lines);
    releases_close(r);
}

Test(releases, a_changed_byte_or_a_signature_of_another_release_refuses_it)
{
    struct releases *r = NULL;
    struct buf raw = {0};
    json_t *lines;
    char path[FOLDER_PATH_BYTES * 3];

    put_release("good", 1 | 2);
    put_release("changed", 1 | 2);
    snprintf(path, sizeof path, "%s/changed.mfbank", dir);
    cr_assert_eq(file_read(path, 1 << 20, &raw, NULL), 0);
    raw.data[raw.len / 2] ^= 1;
    folder_write(&folder, "releases/changed.mfbank", buf_view(&raw), 0644);
    /* Two good signatures and a third that belongs to another release. */
    put_release("mixed", 1 | 2);
    buf_clear(&raw);
    put_release("other", 4);
    snprintf(path, sizeof path, "%s/other.mfbank.key2.sig", dir);
    cr_assert_eq(file_read(path, 1 << 20, &raw, NULL), 0);
    folder_write(&folder, "releases/mixed.mfbank.key2.sig", buf_view(&raw), 0644);
    cr_assert_eq(open_watched(&r, NULL, &lines), 0);
    cr_assert_eq(r->count, 1);
    cr_assert(bytes_equal(bank_manifest(r->banks[0])->name, bytes_of_text("good")));
    cr_assert_eq(json_array_size(lines), 4);
    json_decref(lines);
    releases_close(r);
    buf_fini(&raw);
}

/* {0} in a sentence stands for `what`. */
static void check(const struct err *err, enum lang lang, const char *before, const char *what,
                  const char *after)
{
    char text[ERR_TEXT_BYTES_MAX];
    char expected[ERR_TEXT_BYTES_MAX * 2];

    snprintf(expected, sizeof expected, "%s%s%s", before, what, after);
    err_text(err, lang, text, sizeof text);
    cr_assert_str_eq(text, expected, "%s", text);
}

Test(releases, without_any_that_opens_there_is_no_start)
{
    struct releases *r = NULL;
    struct err err = {0};
    json_t *lines;

    cr_assert_eq(open_watched(&r, &err, &lines), ERR_UNAUTHENTIC);
    cr_assert_eq(json_array_size(lines), 0);
    json_decref(lines);
    put_release("one", 1);
    cr_assert_eq(open_watched(&r, &err, &lines), ERR_UNAUTHENTIC);
    cr_assert_eq(json_array_size(lines), 1);
    json_decref(lines);
    check(&err, LANG_ZH, "", dir, " 中没有任何题库发布包通过验证，服务器不能启动。");
    check(&err, LANG_EN, "No release in ", dir, " could be verified; the server cannot start.");
    cr_assert_null(r);
    releases_close(NULL);
}

Test(releases, a_missing_or_broken_keyring_or_folder_is_an_error_of_its_own)
{
    struct releases *r = NULL;
    struct err err = {0};
    char gone[FOLDER_PATH_BYTES * 2];

    put_release("two", 1 | 2);
    folder_path(&folder, "gone", gone);
    cr_assert_eq(releases_open(dir, gone, &env, &r, &err), ERR_NOT_FOUND);
    cr_assert_not_null(strstr(err.arg[0].text, "gone"));
    cr_assert_eq(releases_open(gone, keyring_path, &env, &r, &err), ERR_NOT_FOUND);
    cr_assert_not_null(strstr(err.arg[0].text, "gone"));
    folder_write(&folder, "keyring.json", bytes_of_text("{\"quorum\":"), 0644);
    cr_assert_eq(releases_open(dir, keyring_path, &env, &r, &err), ERR_BAD_INPUT);
    cr_assert_not_null(err.msg);
    folder_write(&folder, "keyring.json", bytes_of_text("{}"), 0644);
    cr_assert_eq(releases_open(dir, keyring_path, &env, &r, &err), ERR_BAD_INPUT);
    cr_assert_null(r);
}

Test(releases, more_than_the_maximum_are_refused)
{
    struct releases *r = NULL;
    struct err err = {0};
    struct buf raw = {0};
    json_t *lines;
    char path[FOLDER_PATH_BYTES * 3];
    char name[64];

    put_release("r", 1 | 2);
    for (int i = 0; i <= RELEASES_MAX; i++) {
        static const char *const suffixes[] = {"", ".key0.sig", ".key1.sig"};

        for (size_t k = 0; k < 3; k++) {
            char target[64];

            snprintf(target, sizeof target, "r.mfbank%s", suffixes[k]);
            snprintf(path, sizeof path, "%s/%s", dir, target);
            buf_clear(&raw);
            cr_assert_eq(file_read(path, 1 << 20, &raw, NULL), 0);
            snprintf(name, sizeof name, "releases/r%02d.mfbank%s", i, suffixes[k]);
            folder_write(&folder, name, buf_view(&raw), 0644);
        }
    }
    cr_assert_eq(open_watched(&r, &err, &lines), ERR_LIMIT);
    check(&err, LANG_ZH, "", dir, " 中的题库发布包超过 64 个。");
    check(&err, LANG_EN, "There are more than 64 releases in ", dir, ".");
    cr_assert_null(r);
    json_decref(lines);
    buf_fini(&raw);
}
