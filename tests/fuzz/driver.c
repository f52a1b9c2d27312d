/* Runs one fuzz harness without libFuzzer: over every file of the folders named as arguments, and
 * over small mutations of each. So the corpus is checked by every build and every sanitizer, and a
 * harness cannot rot between two fuzzing campaigns.
 *
 * Mutations come from a fixed seed: a run is the same everywhere. On a crash the last line of the
 * output names the file and the mutation's number; `driver FILE` repeats it. A folder without inputs
 * is a failure. One thread. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_BYTES_MAX = 1 << 20, PATH_BYTES_MAX = 4096, MUTATIONS_PER_INPUT = 400, EDITS_MAX = 4 };

/* The harness: 0, or it does not return. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* xorshift64*: good enough to spread edits. */
static uint64_t dice_next(uint64_t *dice)
{
    *dice ^= *dice >> 12;
    *dice ^= *dice << 25;
    *dice ^= *dice >> 27;
    return *dice * UINT64_C(2685821657736338717);
}

/* A copy of exactly size bytes, so that a sanitizer sees a read past the end. */
static void run_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size != 0 ? size : 1);

    if (copy == NULL)
        abort();
    if (size != 0)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* Edits work[0..size) in place; the result may be shorter. */
static size_t mutate(uint8_t *work, size_t size, uint64_t *dice)
{
    uint64_t edits = 1 + dice_next(dice) % EDITS_MAX;

    for (uint64_t i = 0; i < edits && size != 0; i++) {
        size_t at = (size_t)(dice_next(dice) % size);

        switch (dice_next(dice) % 5) {
        case 0:
            size = at;
            break;
        case 1:
            work[at] = (uint8_t)(work[at] ^ (1U << (dice_next(dice) % 8)));
            break;
        case 2:
            work[at] = (uint8_t)dice_next(dice);
            break;
        case 3:
            memmove(work + at, work + at + 1, size - at - 1);
            size--;
            break;
        default:
            work[at] = work[(size_t)(dice_next(dice) % size)];
            break;
        }
    }
    return size;
}

/* 0, or -1 with a line on standard error. */
static int run_file(const char *path, unsigned long *runs)
{
    uint64_t dice = UINT64_C(0x9e3779b97f4a7c15);
    FILE *in = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_BYTES_MAX);
    uint8_t *work = malloc(INPUT_BYTES_MAX);
    size_t size;
    int rc = -1;

    if (in == NULL || data == NULL || work == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        goto out;
    }
    size = fread(data, 1, INPUT_BYTES_MAX, in);
    if (ferror(in) || fgetc(in) != EOF) {
        fprintf(stderr, "%s: cannot be read whole, or is over %d bytes\n", path, INPUT_BYTES_MAX);
        goto out;
    }
    printf("%s: %zu bytes\n", path, size);
    fflush(stdout);
    run_copy(data, size);
    for (int i = 0; i < MUTATIONS_PER_INPUT; i++) {
        memcpy(work, data, size);
        run_copy(work, mutate(work, size, &dice));
    }
    *runs += 1 + MUTATIONS_PER_INPUT;
    rc = 0;
out:
    if (in != NULL)
        fclose(in);
    free(data);
    free(work);
    return rc;
}

static int run_folder(const char *path, unsigned long *inputs, unsigned long *runs)
{
    char name[PATH_BYTES_MAX];
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    int rc = 0;

    if (count < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    for (int i = 0; i < count; i++) {
        struct stat info;

        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        if (rc == 0 && entries[i]->d_name[0] != '.' && stat(name, &info) == 0 &&
            S_ISREG(info.st_mode)) {
            rc = run_file(name, runs);
            ++*inputs;
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int main(int argc, char **argv)
{
    unsigned long inputs = 0;
    unsigned long runs = 0;

    for (int i = 1; i < argc; i++) {
        struct stat info;
        int rc;

        if (stat(argv[i], &info) == 0 && S_ISREG(info.st_mode)) {
            rc = run_file(argv[i], &runs);
            inputs++;
        } else {
            rc = run_folder(argv[i], &inputs, &runs);
        }
        if (rc != 0)
            return 1;
    }
    printf("%lu inputs, %lu runs\n", inputs, runs);
    return inputs != 0 ? 0 : 1;
}
