/* login, logout: the token is kept in a file only its owner can read. */
#include "clients/cli/command.h"

#include "question-bank/base/digest.h"
#include "question-bank/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECRET_BYTES_MAX = 256, PATH_BYTES_MAX = 4096 };

static int keep_login(const struct invocation *in, json_t *login)
{
    json_t *kept =
        json_pack("{s:s, s:O}", "server", in->server, "token", json_object_get(login, "token"));
    char *text = kept != NULL ? json_dumps(kept, JSON_INDENT(2)) : NULL;
    char dir[PATH_BYTES_MAX];
    char *slash;
    struct err err = {0};
    int rc = 0;

    snprintf(dir, sizeof(dir), "%s", in->login_file);
    slash = strrchr(dir, '/');
    if (slash != NULL && slash != dir) {
        *slash = '\0';
        rc = file_make_dirs(dir, &err);
    }
    if (rc == 0)
        rc = file_write(in->login_file, bytes_of_text(text), 0600, &err);
    json_decref(kept);
    free(text);
    return rc == 0 ? 0 : report(in, &err);
}

int cmd_login(struct invocation *in)
{
    char code[SECRET_BYTES_MAX] = "";
    char password[SECRET_BYTES_MAX];
    struct err err = {0};
    json_t *login = NULL;
    json_t *body;
    int rc;

    if (in->activate) {
        fprintf(stderr, "%s", say(in, "激活码：", "Activation code: "));
        if (fgets(code, sizeof(code), stdin) == NULL)
            return EXIT_REFUSED;
        code[strcspn(code, "\r\n")] = '\0';
    }
    rc = read_secret(in,
                     in->activate ? say(in, "设置密码（至少 10 个字符）：",
                                        "Choose a password (10 characters or more): ")
                                  : say(in, "密码：", "Password: "),
                     password, sizeof(password));
    if (rc != 0)
        return rc;
    body = in->activate ? json_pack("{s:s, s:s, s:s}", "person", in->words[0], "code", code,
                                    "new_password", password)
                        : json_pack("{s:s, s:s}", "person", in->words[0], "password", password);
    secret_wipe(password, sizeof(password));
    rc = client_json(in->client, "POST", in->activate ? "/api/v1/activations" : "/api/v1/logins",
                     body, &login, &err);
    json_decref(body);
    if (rc != 0)
        return report(in, &err);
    rc = keep_login(in, login);
    if (rc == 0) {
        json_t *me = json_object_get(login, "me");
        printf("%s%s　%s\n", say(in, "已登录：", "Logged in: "),
               json_string_value(json_object_get(me, "name")),
               json_string_value(json_object_get(me, "unit_name")));
    }
    json_decref(login);
    return rc;
}

int cmd_logout(struct invocation *in)
{
    int rc = run_and_print(in, "DELETE", "/api/v1/logins/current", NULL);

    unlink(in->login_file);
    return rc;
}
