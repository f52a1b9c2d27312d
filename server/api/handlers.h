/* The handlers of operations.c, one function an operation, one file a resource. Each gets a call
 * whose login, role and body form were checked, and sees to exactly one reply. Loop thread. */
#ifndef MINGFA_API_HANDLERS_H
#define MINGFA_API_HANDLERS_H

struct call;

/* ops.c */
void handle_health(struct call *call);
void handle_ready(struct call *call);
void handle_metrics(struct call *call);
/* login.c */
void handle_activate(struct call *call);
void handle_login(struct call *call);
void handle_logout(struct call *call);
void handle_change_password(struct call *call);
/* me.c */
void handle_me(struct call *call);
void handle_my_exams(struct call *call);
/* sessions.c */
void handle_start_session(struct call *call);
void handle_session(struct call *call);
void handle_open_session(struct call *call);
void handle_session_result(struct call *call);
void handle_exam_sessions(struct call *call);
/* review.c */
void handle_session_review(struct call *call);
/* responses.c */
void handle_save_responses(struct call *call);
void handle_heartbeat(struct call *call);
void handle_submit_session(struct call *call);
/* session_acts.c */
void handle_suspend_session(struct call *call);
void handle_resume_session(struct call *call);
void handle_grant_extra_time(struct call *call);
void handle_void_session(struct call *call);
void handle_reopen_session(struct call *call);
void handle_decide_late(struct call *call);
/* people.c */
void handle_units(struct call *call);
void handle_issue_activation_codes(struct call *call);
void handle_grant_role(struct call *call);
void handle_revoke_role(struct call *call);
/* imports.c */
void handle_import_units(struct call *call);
void handle_import_people(struct call *call);
void handle_import_attendance(struct call *call);
/* releases.c */
void handle_releases(struct call *call);
/* exams.c */
void handle_exams(struct call *call);
void handle_exam(struct call *call);
void handle_create_exam(struct call *call);
void handle_open_exam(struct call *call);
void handle_close_exam(struct call *call);
/* exam_acts.c */
void handle_commit_share(struct call *call);
void handle_reveal_share(struct call *call);
void handle_set_exemption(struct call *call);
void handle_withdraw_item(struct call *call);
/* coverage.c */
void handle_coverage(struct call *call);
/* scores.c */
void handle_scores(struct call *call);
void handle_missing(struct call *call);
/* audit.c */
void handle_audit_events(struct call *call);

#endif
