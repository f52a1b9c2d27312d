/* Job: letting go of results that are not in the arena. Thread: any. */
#include "server/live/job.h"

#include <stdlib.h>

void job_fini(struct job *job)
{
    if (job->rc != 0) {
        return;
    }
    switch (job->type) {
    case JOB_SESSIONS:
        free(job->out.sessions.lines);
        view_release(job->out.sessions.view);
        job->out.sessions = (struct session_lines){0};
        break;
    case JOB_COVERAGE:
        coverage_fini(&job->out.coverage.coverage);
        view_release(job->out.coverage.view);
        job->out.coverage = (struct coverage_result){0};
        break;
    case JOB_SCORES:
        free(job->out.scores.lines);
        view_release(job->out.scores.view);
        job->out.scores = (struct scores_result){0};
        break;
    case JOB_MISSING:
        free(job->out.missing.lines);
        view_release(job->out.missing.view);
        job->out.missing = (struct missing_result){0};
        break;
    default:
        break;
    }
}
