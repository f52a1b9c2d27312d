/* The first administrator (see bootstrap.h). Each step is a job of the core, waited for. */
#include "server/bootstrap.h"

#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "server/api/json_out.h"
#include "server/roster/civil.h"

#include <string.h>

static const struct msg msg_flag = {"bootstrap-flag", "bootstrap 没有选项“{0}”。",
                                    "bootstrap has no option '{0}'."};
static const struct msg msg_needed = {"bootstrap-needed", "bootstrap 缺少选项 {0}。",
                                      "bootstrap needs {0}."};

int bootstrap_read(int argc, char *const *argv, struct bootstrap *out, struct err *err)
{
    struct bootstrap b = {0};
    const struct {
        const char *flag;
        const char **value;
    } flags[] = {{"--unit-code", &b.unit_code},
                 {"--unit-name", &b.unit_name},
                 {"--person", &b.person},
                 {"--name", &b.name}};
    enum { FLAGS = sizeof flags / sizeof flags[0] };

    for (int i = 0; i < argc; i += 2) {
        size_t k = 0;

        while (k < FLAGS && strcmp(argv[i], flags[k].flag) != 0)
            k++;
        if (k == FLAGS)
            return err_set(err, ERR_BAD_INPUT, &msg_flag, argv[i], NULL, NULL, NULL);
        if (i + 1 == argc)
            break;
        *flags[k].value = argv[i + 1];
    }
    for (size_t k = 0; k < FLAGS; k++) {
        if (*flags[k].value == NULL)
            return err_set(err, ERR_BAD_INPUT, &msg_needed, flags[k].flag, NULL, NULL, NULL);
    }
    *out = b;
    return 0;
}

/* Runs the job for the server itself. */
static int run(struct live *live, struct job *job, struct arena *arena, struct err *err)
{
    int rc;

    job->arena = arena;
    job->received_ms = live_now_ms(live);
    rc = live_call(live, job);
    if (rc != 0 && err != NULL) {
        *err = job->err;
        err->code = rc;
    }
    return rc;
}

static int make_unit(const struct bootstrap *b, struct live *live, struct arena *arena,
                     const char *today, struct err *err)
{
    struct unit_record unit = {
        .code = bytes_of_text(b->unit_code),
        .name = bytes_of_text(b->unit_name),
        .parent = bytes_of_text(""),
        .valid_from = bytes_of(today, CIVIL_DATE_BYTES),
        .valid_to = bytes_of_text(""),
    };
    struct job job = {.type = JOB_IMPORT_UNITS, .in.import = {.units = &unit, .count = 1}};
    int rc = run(live, &job, arena, err);

    job_fini(&job);
    return rc;
}

/* Not on the books of the unit (调出): who keeps the site running is not one of its staff, and is
 * counted nowhere. */
static int make_person(const struct bootstrap *b, struct live *live, struct arena *arena,
                       const char *today, struct err *err)
{
    struct person_record person = {
        .number = bytes_of_text(b->person),
        .name = bytes_of_text(b->name),
        .unit = bytes_of_text(b->unit_code),
        .category = bytes_of_text("系统管理"),
        .status = PERSON_MOVED_OUT,
        .valid_from = bytes_of(today, CIVIL_DATE_BYTES),
        .post = bytes_of_text(""),
        .appointed = bytes_of_text(""),
    };
    struct job job = {.type = JOB_IMPORT_PEOPLE, .in.import = {.people = &person, .count = 1}};
    int rc = run(live, &job, arena, err);

    job_fini(&job);
    return rc;
}

static int grant(const struct bootstrap *b, const char *role, struct live *live,
                 struct arena *arena, struct err *err)
{
    struct job job = {.type = JOB_ROLE_GRANT,
                      .in.role = {.person = bytes_of_text(b->person),
                                  .role = bytes_of_text(role),
                                  .unit = bytes_of_text("")}};
    int rc = run(live, &job, arena, err);

    job_fini(&job);
    return rc == ERR_EXISTS ? 0 : rc;
}

static int issue(const struct bootstrap *b, struct live *live, struct arena *arena, FILE *out,
                 struct err *err)
{
    struct bytes number = bytes_of_text(b->person);
    struct job job = {.type = JOB_ACTIVATION, .in.activation = {.people = &number, .count = 1}};
    struct buf line = {0};
    struct json_out w;
    int rc = run(live, &job, arena, err);

    if (rc == 0) {
        const struct activation_code *code = &job.out.activation.codes[0];

        json_out_init(&w, &line);
        json_out_object(&w, NULL);
        json_out_text(&w, "person", code->person);
        json_out_string(&w, "code", code->code);
        json_out_int(&w, "expires_ms", code->expires_ms);
        json_out_end(&w);
        if (buf_text(&line) != NULL)
            fprintf(out, "%s\n", buf_text(&line));
        if (buf_error(&line) != 0 || fflush(out) != 0)
            rc = err_set(err, ERR_IO, NULL, NULL, NULL, NULL, NULL);
    }
    job_fini(&job);
    buf_fini(&line);
    return rc;
}

int bootstrap_run(const struct bootstrap *b, struct live *live, FILE *out, struct err *err)
{
    const struct registry_view *view = live_view_acquire(live);
    bool has_unit = roster_find_unit(view->roster, bytes_of_text(b->unit_code)) >= 0;
    bool has_person = roster_find_person(view->roster, bytes_of_text(b->person)) >= 0;
    char today[CIVIL_TEXT_BYTES];
    struct arena arena;
    int rc = 0;

    view_release(view);
    arena_init(&arena, 0);
    civil_date_of_ms(live_now_ms(live), today);
    if (!has_unit)
        rc = make_unit(b, live, &arena, today, err);
    if (rc == 0 && !has_person)
        rc = make_person(b, live, &arena, today, err);
    if (rc == 0)
        rc = grant(b, "administrator", live, &arena, err);
    if (rc == 0)
        rc = grant(b, "officer", live, &arena, err);
    if (rc == 0)
        rc = issue(b, live, &arena, out, err);
    arena_fini(&arena);
    return rc;
}
