/* Request bodies: whatever the bytes, reading ends; what is refused has a whole sentence in both
 * languages; what is read as each kind of member is what its bounds say. */
#include "server/api/json_in.h"

#include "question-bank/base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MIN = 1, TEXT_MAX = 40, NUMBER_MIN = -3, NUMBER_MAX = 100000, ELEMENTS_MAX = 4 };

static void expect(bool holds)
{
    if (!holds)
        abort();
}

/* Refused: a sentence that is whole UTF-8 without control bytes. */
static void check_refusal(int rc, const struct err *err)
{
    static const enum lang langs[] = {LANG_ZH, LANG_EN};
    char text[ERR_TEXT_BYTES_MAX];

    expect(rc == ERR_BAD_INPUT && err->code == rc && err->msg != NULL);
    for (size_t i = 0; i < 2; i++) {
        size_t len = err_text(err, langs[i], text, sizeof text);

        expect(len > 0 && utf8_valid(bytes_of(text, len), NULL));
        for (size_t k = 0; k < len; k++)
            expect((uint8_t)text[k] >= 0x20 && text[k] != 0x7f);
    }
}

static void check_text(int rc, struct bytes text, size_t min, const struct err *err)
{
    if (rc != 0)
        check_refusal(rc, err);
    else
        expect(text.len >= min && text.len <= TEXT_MAX && utf8_is_nfc(text) &&
               memchr(text.data, 0, text.len) == NULL);
}

static void read_array(const json_t *array, const char *name, struct arena *arena)
{
    static const char *const known[] = {"value", "seq"};
    struct err err = {0};
    struct json_in in;
    struct bytes text;

    /* One beyond the end too. */
    for (size_t i = 0; i <= json_array_size(array); i++) {
        int rc = json_in_element(array, name, i, &in, &err);

        if (rc == 0)
            rc = json_in_members(&in, known, 2, &err);
        if (rc != 0)
            check_refusal(rc, &err);
        rc = json_in_element_text(array, name, i, TEXT_MAX, arena, &text, &err);
        check_text(rc, text, 1, &err);
    }
}

static void read_as_everything(const struct json_in *in, const char *name, struct arena *arena,
                               unsigned depth)
{
    static const char *const choices[] = {"single", "multiple"};
    struct err err = {0};
    struct bytes text = {0};
    struct json_in inner;
    const json_t *array;
    uint8_t raw[4];
    int64_t number;
    size_t index;
    bool flag;
    int rc;

    rc = json_in_text(in, name, TEXT_MIN, TEXT_MAX, arena, &text, &err);
    check_text(rc, text, TEXT_MIN, &err);
    rc = json_in_secret(in, name, TEXT_MIN, TEXT_MAX, &text, &err);
    if (rc != 0)
        check_refusal(rc, &err);
    rc = json_in_int(in, name, NUMBER_MIN, NUMBER_MAX, &number, &err);
    if (rc != 0)
        check_refusal(rc, &err);
    else
        expect(number >= NUMBER_MIN && number <= NUMBER_MAX);
    rc = json_in_bool(in, name, &flag, &err);
    if (rc != 0)
        check_refusal(rc, &err);
    rc = json_in_hex(in, name, raw, sizeof raw, &err);
    if (rc != 0)
        check_refusal(rc, &err);
    rc = json_in_choice(in, name, choices, 2, &index, &err);
    if (rc != 0)
        check_refusal(rc, &err);
    else
        expect(index < 2);
    rc = json_in_date(in, name, &text, &err);
    if (rc != 0)
        check_refusal(rc, &err);
    else
        expect(text.len == 10);
    rc = json_in_array(in, name, 0, ELEMENTS_MAX, &array, &err);
    if (rc != 0)
        check_refusal(rc, &err);
    else
        read_array(array, name, arena);
    rc = json_in_object(in, name, &inner, &err);
    if (rc != 0) {
        check_refusal(rc, &err);
    } else {
        const char *key;
        json_t *value;

        expect(depth < JSON_IN_DEPTH_MAX);
        json_object_foreach((json_t *)(uintptr_t)inner.object, key, value)
            read_as_everything(&inner, key, arena, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const known[] = {"name", "password"};
    struct err err = {0};
    json_t *json = NULL;
    struct json_in in;
    struct arena arena;
    const char *key;
    json_t *value;
    int rc = json_in_parse(bytes_of(data, size), &json, &err);

    if (rc != 0) {
        check_refusal(rc, &err);
        expect(json == NULL);
        return 0;
    }
    arena_init(&arena, 0);
    in = json_in_body(json);
    rc = json_in_members(&in, known, 2, &err);
    if (rc != 0)
        check_refusal(rc, &err);
    json_object_foreach(json, key, value) read_as_everything(&in, key, &arena, 1);
    read_as_everything(&in, "absent", &arena, 1);
    arena_fini(&arena);
    json_decref(json);
    return 0;
}
