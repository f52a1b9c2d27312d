/* login, logout, whoami, password: the token is kept in a file that only its owner can read; a
 * password is never an argument. */
#include "clients/cli/command.h"

#include "question-bank/base/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int keep_login(struct invocation *in, const json_t *login)
{
    const json_t *me = json_object_get(login, "me");
    char *ca = in->ca_file != NULL ? realpath(in->ca_file, NULL) : NULL;
    struct err err = {0};
    json_t *kept = json_pack("{s:s, s:s?, s:O, s:O, s:O, s:O}", "url", client_url(in->client), "ca",
                             ca, "token", json_object_get(login, "token"), "expires_ms",
                             json_object_get(login, "expires_ms"), "person",
                             json_object_get(me, "person"), "name", json_object_get(me, "name"));
    int rc = kept != NULL ? state_keep_login(&in->state, kept, &err)
                          : err_set(&err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);

    free(ca);
    if (rc != 0) {
        json_decref(kept);
        return report(in, &err);
    }
    client_set_token(in->client, text_of(login, "token"));
    json_decref(in->login);
    in->login = kept;
    return 0;
}

/* What was typed cannot be sent. */
static int not_text(const struct invocation *in)
{
    fprintf(stderr, "%s\n",
            say(in, "错误：输入的内容不是有效的 UTF-8 文字。",
                "error: what was entered is not valid UTF-8 text."));
    return EXIT_REFUSED;
}

/* Sends and keeps. Takes body. */
static int log_in(struct invocation *in, const char *path, json_t *body)
{
    struct err err = {0};
    json_t *login = NULL;
    int rc;

    if (body == NULL)
        return not_text(in);
    client_set_token(in->client, NULL);
    rc = client_json(in->client, "POST", path, body, &login, &err);
    json_decref(body);
    if (rc != 0)
        return report(in, &err);
    rc = keep_login(in, login);
    if (rc == 0) {
        const json_t *me = json_object_get(login, "me");
        fprintf(stderr, "%s%s（%s）\n", say(in, "已登录：", "Logged in: "), text_of(me, "name"),
                text_of(me, "unit_name"));
    }
    json_decref(login);
    return rc;
}

int login_again(struct invocation *in, const char *person)
{
    char password[SECRET_BYTES_MAX];
    json_t *body;
    int rc = read_secret(in, in->value[OPT_PASSWORD_FILE], say(in, "密码：", "Password: "),
                         password, sizeof(password));

    if (rc != 0)
        return rc;
    body = json_pack("{s:s, s:s}", "person", person, "password", password);
    secret_wipe(password, sizeof(password));
    return log_in(in, "/api/v1/logins", body);
}

/* A new password; on a terminal it is typed twice. */
static int read_new_password(const struct invocation *in, const char *file, char *out, size_t size)
{
    char again[SECRET_BYTES_MAX];
    int rc = read_secret(
        in, file,
        say(in, "设置新密码（至少 10 个字符）：", "New password (10 characters or more): "), out,
        size);

    if (rc != 0 || file != NULL || !isatty(STDIN_FILENO))
        return rc;
    rc = read_secret(in, NULL, say(in, "再输入一次：", "Once more: "), again, sizeof(again));
    if (rc == 0 && strcmp(out, again) != 0) {
        fprintf(stderr, "%s\n",
                say(in, "错误：两次输入的密码不一致。", "error: the two passwords differ."));
        rc = EXIT_REFUSED;
    }
    secret_wipe(again, sizeof(again));
    return rc;
}

static int activate(struct invocation *in)
{
    char code[SECRET_BYTES_MAX];
    char password[SECRET_BYTES_MAX];
    json_t *body = NULL;
    int rc = read_secret(in, in->value[OPT_CODE_FILE], say(in, "激活码：", "Activation code: "),
                         code, sizeof(code));

    if (rc != 0)
        return rc;
    rc = read_new_password(in, in->value[OPT_PASSWORD_FILE], password, sizeof(password));
    if (rc == 0)
        body = json_pack("{s:s, s:s, s:s}", "person", in->words[0], "code", code, "new_password",
                         password);
    secret_wipe(code, sizeof(code));
    secret_wipe(password, sizeof(password));
    return rc != 0 ? rc : log_in(in, "/api/v1/activations", body);
}

int cmd_login(struct invocation *in)
{
    if (in->value[OPT_CODE_FILE] != NULL && in->value[OPT_ACTIVATE] == NULL)
        return misuse(in, "--code-file 须与 --activate 一起使用。",
                      "--code-file goes with --activate.");
    return in->value[OPT_ACTIVATE] != NULL ? activate(in) : login_again(in, in->words[0]);
}

int cmd_logout(struct invocation *in)
{
    struct err err = {0};
    int rc = client_json(in->client, "DELETE", "/api/v1/logins/current", NULL, NULL, &err);

    if (!state_forget_login(&in->state)) {
        fprintf(stderr, "%s\n",
                say(in, "错误：无法删除本机保存的登录凭据。",
                    "error: the login that is kept on this machine could not be removed."));
        return EXIT_REFUSED;
    }
    if (rc != 0 && client_problem(in->client)->status != 401) {
        report(in, &err);
        fprintf(stderr, "%s\n",
                say(in, "本机凭据已删除，服务器上的登录到期后失效。",
                    "The login was removed here; on the server it ends by itself."));
        return EXIT_REFUSED;
    }
    puts(say(in, "已退出登录。", "Logged out."));
    return 0;
}

static const char *role_name(const struct invocation *in, const char *role)
{
    static const char *const names[][2] = {{"liaison", "单位联络员"},
                                           {"officer", "考务人员"},
                                           {"hr", "组织人事"},
                                           {"auditor", "审计"},
                                           {"administrator", "系统管理员"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && in->lang == LANG_ZH; i++) {
        if (strcmp(names[i][0], role) == 0)
            return names[i][1];
    }
    return role;
}

int cmd_whoami(struct invocation *in)
{
    struct err err = {0};
    json_t *me = NULL;
    json_t *role;
    size_t i;
    int rc = client_json(in->client, "GET", "/api/v1/me", NULL, &me, &err);

    if (rc != 0)
        return report(in, &err);
    if (in->value[OPT_JSON] != NULL) {
        print_json(me);
    } else {
        printf("%s  %s  %s  %s\n", text_of(me, "person"), text_of(me, "name"),
               text_of(me, "unit_name"), text_of(me, "category"));
        json_array_foreach(json_object_get(me, "roles"), i, role) printf(
            "%s%s（%s）\n", say(in, "角色：", "role: "), role_name(in, text_of(role, "role")),
            text_of(role, "unit")[0] != '\0' ? text_of(role, "unit")
                                             : say(in, "全部单位", "every unit"));
        printf("%s%s\n", say(in, "服务器：", "server: "), client_url(in->client));
    }
    json_decref(me);
    return 0;
}

/* Both lines of --password-file, or what is typed. */
static int read_passwords(const struct invocation *in, char *old, char *fresh)
{
    const char *file = in->value[OPT_PASSWORD_FILE];
    FILE *f;
    bool got;
    int rc;

    if (file == NULL || strcmp(file, "-") == 0) {
        rc = read_secret(in, file, say(in, "原密码：", "Old password: "), old, SECRET_BYTES_MAX);
        return rc != 0 ? rc : read_new_password(in, file, fresh, SECRET_BYTES_MAX);
    }
    f = fopen(file, "r");
    got = f != NULL && fgets(old, SECRET_BYTES_MAX, f) != NULL &&
          fgets(fresh, SECRET_BYTES_MAX, f) != NULL;
    if (f != NULL)
        fclose(f);
    if (!got) {
        fprintf(stderr, "%s%s\n",
                say(in, "错误：文件中应有两行密码：",
                    "error: two lines of passwords were expected in "),
                file);
        return EXIT_REFUSED;
    }
    old[strcspn(old, "\r\n")] = '\0';
    fresh[strcspn(fresh, "\r\n")] = '\0';
    return 0;
}

int cmd_password(struct invocation *in)
{
    char old[SECRET_BYTES_MAX] = "";
    char fresh[SECRET_BYTES_MAX] = "";
    json_t *body = NULL;
    int rc = read_passwords(in, old, fresh);

    if (rc == 0)
        body = json_pack("{s:s, s:s}", "old_password", old, "new_password", fresh);
    secret_wipe(old, sizeof(old));
    secret_wipe(fresh, sizeof(fresh));
    if (rc == 0 && body == NULL)
        return not_text(in);
    return rc != 0 ? rc
                   : run_and_say(in, "PUT", "/api/v1/me/password", body,
                                 say(in, "密码已修改，其他设备上的登录已失效。",
                                     "Changed. Logins on other devices ended."));
}
