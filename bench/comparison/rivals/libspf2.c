/* libspf2 on a workload (see bench/comparison/protocol.py for its input and output).
 *
 *     libspf2 FILE SECONDS
 *
 * Its DNS layer is ours, a hash table of ready-made answers. libspf2 frees every answer that it is given, so each is a
 * copy; its own layers return copies too. It caches nothing between checks.
 */

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_dns_rr.h>
#include <spf2/spf_lib_version.h>

enum { BUCKETS = 1 << 14, PASS = 160, MOST_PASSES = 100000 };

typedef struct Entry {
    struct Entry *next;
    SPF_dns_rr_t *answer;
} Entry;

typedef struct {
    char *ip, *sender, *helo;
} Check;

static Entry *table[BUCKETS];
static SPF_dns_server_t layer;
static Check *checks;
static size_t check_count, room;

static unsigned hash(const char *name, ns_type type) {
    unsigned value = (unsigned)type;
    for (; *name; name++) value = value * 31 + (unsigned char)(*name | 32);
    return value % BUCKETS;
}

static SPF_dns_rr_t *find(const char *name, ns_type type) {
    for (Entry *entry = table[hash(name, type)]; entry; entry = entry->next)
        if (entry->answer->rr_type == type && !strcasecmp(entry->answer->domain, name)) return entry->answer;
    return NULL;
}

static SPF_dns_rr_t *lookup(SPF_dns_server_t *server, const char *name, ns_type type, int should_cache) {
    SPF_dns_rr_t *found = find(name, type), *copy;
    (void)should_cache;
    if (!found) return SPF_dns_rr_new_nxdomain(server, name);
    if (SPF_dns_rr_dup(&copy, found) != SPF_E_SUCCESS) exit(70);
    return copy;
}

static void add(const char *name, const char *type_text, const char *value) {
    ns_type type = !strcmp(type_text, "TXT") ? ns_t_txt : !strcmp(type_text, "A") ? ns_t_a
                 : !strcmp(type_text, "AAAA") ? ns_t_aaaa : !strcmp(type_text, "MX") ? ns_t_mx : ns_t_ptr;
    SPF_dns_rr_t *answer = find(name, type);
    if (!answer) {
        Entry *entry = malloc(sizeof *entry);
        unsigned bucket = hash(name, type);
        answer = SPF_dns_rr_new_init(&layer, name, type, 3600, NETDB_SUCCESS);
        entry->answer = answer;
        entry->next = table[bucket];
        table[bucket] = entry;
    }
    int place = answer->num_rr++;
    const char *text = type == ns_t_mx ? strchr(value, ' ') + 1 : value;
    size_t size = strlen(text) + 1;
    SPF_dns_rr_buf_realloc(answer, place, size < sizeof(struct in6_addr) ? sizeof(struct in6_addr) : size);
    if (type == ns_t_a) inet_pton(AF_INET, text, &answer->rr[place]->a);
    else if (type == ns_t_aaaa) inet_pton(AF_INET6, text, &answer->rr[place]->aaaa);
    else memcpy(answer->rr[place]->txt, text, size);
}

static void read_workload(const char *path) {
    static char line[1 << 16];
    FILE *file = fopen(path, "r");
    if (!file) exit(66);
    while (fgets(line, sizeof line, file)) {
        char *at = line, *field[5];
        int count = 0;
        line[strcspn(line, "\n")] = 0;
        while (count < 5 && (field[count] = strsep(&at, "\t"))) count++;
        if (count >= 4 && *field[0] == 'Z') add(field[1], field[2], field[3]);
        if (count >= 5 && *field[0] == 'C') {
            if (check_count == room) checks = realloc(checks, (room = room ? room * 2 : 1024) * sizeof *checks);
            checks[check_count++] = (Check){strdup(field[1]), strdup(field[2]), strdup(field[3])};
        }
    }
    fclose(file);
}

static SPF_result_t check(SPF_server_t *server, const Check *one) {
    SPF_request_t *request = SPF_request_new(server);
    SPF_response_t *response = NULL;
    if (strchr(one->ip, ':')) SPF_request_set_ipv6_str(request, one->ip);
    else SPF_request_set_ipv4_str(request, one->ip);
    SPF_request_set_helo_dom(request, one->helo);
    SPF_request_set_env_from(request, one->sender);
    SPF_request_query_mailfrom(request, &response);
    SPF_result_t result = SPF_response_result(response);
    SPF_response_free(response);
    SPF_request_free(request);
    return result;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv) {
    if (argc != 3) return 64;
    double seconds = atof(argv[2]);
    layer.lookup = lookup;
    layer.name = "ready-made";
    read_workload(argv[1]);
    SPF_server_t *server = SPF_server_new_dns(&layer, 0);
    if (!server) return 70;
    SPF_server_set_rec_dom(server, "receiver.example");
    size_t repeats = check_count >= PASS ? 1 : PASS / check_count;
    SPF_result_t *results = malloc(check_count * sizeof *results);
    double *samples = malloc(MOST_PASSES * sizeof *samples);
    int passes = 0;
    for (size_t i = 0; i < check_count; i++) results[i] = check(server, &checks[i]);
    for (double end = now() + seconds; !passes || (now() < end && passes < MOST_PASSES); passes++) {
        double begin = now();
        for (size_t again = 0; again < repeats; again++)
            for (size_t i = 0; i < check_count; i++) check(server, &checks[i]);
        samples[passes] = (now() - begin) / (double)(repeats * check_count) * 1e6;
    }
    qsort(samples, (size_t)passes, sizeof *samples, by_size);
    int major, minor, patch;
    SPF_get_lib_version(&major, &minor, &patch);
    printf("{\"engine\": \"libspf2\", \"version\": \"%d.%d.%d\", \"median_us\": %.6f, \"passes\": %d, \"results\": [",
           major, minor, patch, samples[passes / 2], passes);
    for (size_t i = 0; i < check_count; i++) printf("%s\"%s\"", i ? ", " : "", SPF_strresult(results[i]));
    puts("]}");
    return 0;
}
