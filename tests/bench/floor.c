/* The least that an open-loop prober costs: one thread, a comb of requests, connections kept alive.
 *
 *     floor PORT RATE_PER_S SECONDS > samples
 *
 * A request leaves at its time on any idle connection, and waits for one when all are busy. Its latency counts from the
 * time it was meant to leave. One line a request: how late it left and how long it took, nanoseconds; the last line is
 * the processor time of it all. Linux: poll(2) rounds to milliseconds elsewhere.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 16, ANSWER_MAX = 65536 };
static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: floor\r\nAccept: */*\r\n\r\n";

struct connection {
  int fd;
  int64_t intended, left; /* of the request it waits for; 0 when it is idle */
  size_t got;
  char answer[ANSWER_MAX];
};

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t cpu_ns(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000LL +
         (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000LL;
}

static void give_up(const char *what) {
  perror(what);
  exit(1);
}

static int dial(int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) give_up("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/* Whether a whole answer with a Content-Length has come. */
static int is_whole(struct connection *c) {
  c->answer[c->got] = 0;
  char *end = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "content-length:");
  if (!end || !length) return 0;
  return c->got >= (size_t)(end + 4 - c->answer) + strtoul(length + 15, NULL, 10);
}

static void ask(struct connection *c, int64_t intended) {
  c->intended = intended, c->got = 0, c->left = now_ns();
  if (write(c->fd, REQUEST, sizeof REQUEST - 1) != sizeof REQUEST - 1) give_up("write");
}

static void hear(struct connection *c, int64_t *late, int64_t *took) {
  ssize_t more = read(c->fd, c->answer + c->got, ANSWER_MAX - 1 - c->got);
  if (more <= 0) give_up("read");
  c->got += (size_t)more;
  if (!is_whole(c)) return;
  if (memcmp(c->answer, "HTTP/1.1 200", 12)) give_up("an answer that is no 200");
  *late = c->left - c->intended, *took = now_ns() - c->intended;
  c->left = 0;
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "floor PORT RATE_PER_S SECONDS\n"), 2;
  double rate = atof(argv[2]);
  int64_t count = (int64_t)(rate * atof(argv[3])), sent = 0, ended = 0;
  static struct connection all[CONNECTIONS];
  struct pollfd wanted[CONNECTIONS];
  int64_t *late = calloc((size_t)count, sizeof *late), *took = calloc((size_t)count, sizeof *took);
  prctl(PR_SET_TIMERSLACK, 1UL);
  for (int i = 0; i < CONNECTIONS; i++) {
    all[i].fd = dial(atoi(argv[1]));
    wanted[i] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
  }
  int64_t start = now_ns() + 50000000, cpu = cpu_ns();
  while (ended < count) {
    int64_t due = start + (int64_t)((double)sent * 1e9 / rate), left = due - now_ns();
    int idle = 0;
    while (idle < CONNECTIONS && all[idle].left) idle++;
    if (sent < count && left <= 0 && idle < CONNECTIONS) {
      ask(&all[idle], due);
      sent++;
      continue;
    }
    int waits_for_time = sent < count && idle < CONNECTIONS;
    struct timespec until = {left > 0 ? left / 1000000000 : 0, left > 0 ? left % 1000000000 : 0};
    if (ppoll(wanted, CONNECTIONS, waits_for_time ? &until : NULL, NULL) < 0) give_up("ppoll");
    for (int i = 0; i < CONNECTIONS; i++) {
      if (!wanted[i].revents) continue;
      int was_busy = all[i].left != 0;
      hear(&all[i], &late[ended], &took[ended]);
      if (was_busy && !all[i].left) ended++;
    }
  }
  cpu = cpu_ns() - cpu;
  for (int64_t i = 0; i < count; i++) printf("%lld %lld\n", (long long)late[i], (long long)took[i]);
  printf("cpu %lld\n", (long long)cpu);
  return 0;
}
