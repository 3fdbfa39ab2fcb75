/* fanout: load generator for one room's sockets (single thread, epoll).
 *
 * Opens N sockets to one room, lets a few of them send, checks every delivery on every socket by a
 * stamp in its text, and prints one JSON object. Loopback only, bounded in time. bench/chat.py
 * builds and drives it:  cc -O2 -o fanout fanout.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
enum { CONNECTING, HANDSHAKE, JOINING, READY, DEAD };

typedef struct {
    int fd, id, state, sender, stalled;
    char *carry; int carry_len, carry_cap;      /* partial frame */
    char *out; int out_len, out_cap;            /* unsent bytes */
    u64 marks;                                  /* deliveries seen in all */
} conn;

static struct {
    const char *host, *path, *hello, *ready, *msg;
    const char *headers[16]; int nheaders;
    int port, conns, senders, window, size, conc, stall;
    double rate, warm, secs, idle, settle, maxtime;
    int pids[64], npids;
} o = {.host = "127.0.0.1", .path = "/", .hello = "", .ready = "", .msg = "%p", .port = 8080,
       .conns = 100, .senders = 8, .size = 100, .conc = 16, .warm = 2, .secs = 10,
       .settle = 1, .maxtime = 280};

static conn *C;
static int ep, nready, nopened, ndead, inprogress;
static u64 t_origin, others, bytes_in, wire_frames, sent_msgs, marks_total;
static u64 w_marks, w_sent, w_bytes;            /* inside the measure window */
static int measuring, running;
static u64 meas_t0, meas_t1;
static int close_codes[8], nclose;
static char last_text[400];
#define SUB 32
static u64 hist[64 * SUB];
static u64 hist_n;
static long mark_off = -1;

static u64 now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static void die(const char *f, ...) { va_list a; va_start(a, f); vfprintf(stderr, f, a); va_end(a); fputc('\n', stderr); exit(2); }

static void rec(u64 ns) {
    if (ns < SUB) ns = SUB;
    int e = 63 - __builtin_clzll(ns);
    hist[e * SUB + ((ns >> (e - 5)) & (SUB - 1))]++; hist_n++;
}
static double pct(double p) {                   /* milliseconds */
    u64 want = (u64)(p * hist_n), c = 0;
    if (!hist_n) return -1;
    for (int i = 0; i < 64 * SUB; i++) if ((c += hist[i]) > want || c == hist_n) {
        int e = i / SUB; double base = (double)(1ull << e);
        return (base + base / SUB * (i % SUB + 0.5)) / 1e6;
    }
    return -1;
}

/* template: %n client number, %p payload, %l its length, %k how many were sent before */
static int fill(char *dst, int cap, const char *t, int n, const char *p) {
    int k = 0;
    for (; *t && k < cap - 1; t++) {
        if (t[0] == '%' && t[1] == 'n') { k += snprintf(dst + k, cap - k, "%d", n); t++; }
        else if (t[0] == '%' && t[1] == 'p') { k += snprintf(dst + k, cap - k, "%s", p ? p : ""); t++; }
        else if (t[0] == '%' && t[1] == 'k') { k += snprintf(dst + k, cap - k, "%llu", (unsigned long long)sent_msgs); t++; }
        else if (t[0] == '%' && t[1] == 'l') { k += snprintf(dst + k, cap - k, "%d", p ? (int)strlen(p) : 0); t++; }
        else if (t[0] == '\\' && t[1] == 'r') { dst[k++] = '\r'; t++; }
        else if (t[0] == '\\' && t[1] == 'n') { dst[k++] = '\n'; t++; }
        else dst[k++] = *t;
    }
    dst[k] = 0;
    return k;
}

static void want(conn *c, uint32_t ev, int op) { struct epoll_event e = {.events = ev, .data.u32 = c->id}; epoll_ctl(ep, op, c->fd, &e); }

static void kill_conn(conn *c, const char *why) {
    if (c->state == DEAD) return;
    if (ndead < 3) fprintf(stderr, "conn %d died: %s (last text: %.200s)\n", c->id, why, last_text);
    if (c->state != READY) inprogress--; else nready--;
    c->state = DEAD; ndead++;
    close(c->fd);
}

static void flush_out(conn *c) {
    while (c->out_len) {
        ssize_t r = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (r < 0) {
            if (errno == EAGAIN) { want(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD); return; }
            kill_conn(c, strerror(errno)); return;
        }
        memmove(c->out, c->out + r, c->out_len - r); c->out_len -= r;
    }
    if (!c->stalled) want(c, EPOLLIN, EPOLL_CTL_MOD);
}
static void push(conn *c, const char *b, int n) {
    if (!c->out_len) {
        ssize_t r = send(c->fd, b, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (r == n) return;
        if (r < 0) { if (errno != EAGAIN) { kill_conn(c, strerror(errno)); return; } r = 0; }
        b += r; n -= r;
    }
    if (c->out_len + n > c->out_cap) c->out = realloc(c->out, c->out_cap = (c->out_len + n) * 2);
    memcpy(c->out + c->out_len, b, n); c->out_len += n;
    flush_out(c);
}
static void ws_send(conn *c, int op, const char *p, int n) {
    static unsigned char f[70000];
    static const unsigned char key[4] = {0x5a, 0x13, 0xc7, 0x2e};
    int h = 2;
    if (n > 65000) die("payload too big");
    f[0] = 0x80 | op;
    if (n < 126) f[1] = 0x80 | n; else { f[1] = 0x80 | 126; f[2] = n >> 8; f[3] = n; h = 4; }
    memcpy(f + h, key, 4); h += 4;
    for (int i = 0; i < n; i++) f[h + i] = p[i] ^ key[i & 3];
    push(c, (char *)f, h + n);
}

static const char digits[] = "bcdfghjklmnpqrst";
static inline int hexv(unsigned char ch) { return ch <= '9' ? ch - '0' : ch - 'a' + 10; }
static const unsigned char valuev[256] = {['c'] = 1, ['d'] = 2, ['f'] = 3, ['g'] = 4, ['h'] = 5, ['j'] = 6, ['k'] = 7,
    ['l'] = 8, ['m'] = 9, ['n'] = 10, ['p'] = 11, ['q'] = 12, ['r'] = 13, ['s'] = 14, ['t'] = 15};

static void send_chat(conn *c, u64 stamp) {
    static char pay[4096], m[8192];
    /* sixteen consonants stand for the digits of a number: a server may refuse what looks like a telephone number */
    int k = snprintf(pay, sizeof pay, "~T%016llx%04x~", (unsigned long long)stamp, c->sender);
    for (int i = 2; i < k - 1; i++) pay[i] = digits[hexv(pay[i])];
    static const char words[] = "the quick brown fox jumps over a lazy dog while rain falls on tin roofs in spring ";
    while (k < o.size) { pay[k] = words[(k + sent_msgs * 7) % (sizeof words - 1)]; k++; }
    pay[k] = 0;
    ws_send(c, 1, m, fill(m, sizeof m, o.msg, c->id, pay));
    sent_msgs++;
    if (measuring) w_sent++;
}

static void on_text(conn *c, const unsigned char *p, long n, u64 t) {
    if (c->state == JOINING) {
        if (memmem(p, n, o.ready, strlen(o.ready))) { c->state = READY; nready++; inprogress--; }
        if (n < (long)sizeof last_text) { memcpy(last_text, p, n); last_text[n] = 0; }
        return;
    }
    int hits = 0;
    for (;;) {                                      /* several messages may share one frame */
        const unsigned char *q = NULL;
        if (!hits && mark_off >= 0 && n > mark_off + 24 && p[mark_off] == '~' && p[mark_off + 1] == 'T') q = p + mark_off;
        else if ((q = memmem(p, n, "~T", 2)) && n - (q - p) < 23) q = NULL;
        if (!q) break;
        if (!hits) mark_off = q - p;
        hits++;
        u64 st = 0; int who = 0;
        for (int i = 2; i < 18; i++) st = st << 4 | valuev[q[i]];
        for (int i = 18; i < 22; i++) who = who << 4 | valuev[q[i]];
        marks_total++; c->marks++;
        if (measuring) w_marks++;
        if (st >= meas_t0 && st < meas_t1 && !c->stalled) rec(t > st ? t - st : 0);
        if (o.window && running && c->sender == who) send_chat(c, now());
        n -= (q + 23) - p; p = q + 23;
    }
    if (!hits) { others++; if (n < (long)sizeof last_text) { memcpy(last_text, p, n); last_text[n] = 0; } }
}

static void on_frame(conn *c, int b0, unsigned char *p, long n, u64 t) {
    int op = b0 & 15;
    if (op == 9) { ws_send(c, 10, (char *)p, n > 125 ? 125 : n); return; }
    if (op == 10) return;
    if (op == 8) {
        int code = n >= 2 ? p[0] << 8 | p[1] : 1005;
        if (nclose < 8) close_codes[nclose++] = code;
        kill_conn(c, "close frame"); return;
    }
    if (c->state >= READY && running) wire_frames++;
    on_text(c, p, n, t);
}

static void on_data(conn *c, unsigned char *b, long len, u64 t) {
    long off = 0;
    if (c->state == HANDSHAKE) {
        unsigned char *e = memmem(b, len, "\r\n\r\n", 4);
        if (!e) goto keep;
        *e = 0;
        if (memcmp(b, "HTTP/1.1 101", 12)) { snprintf(last_text, sizeof last_text, "%.399s", (char *)b); kill_conn(c, "no upgrade"); return; }
        off = e + 4 - b;
        c->state = JOINING;
        if (*o.hello) { static char h[4096]; ws_send(c, 1, h, fill(h, sizeof h, o.hello, c->id, NULL)); }
        if (!*o.ready) { c->state = READY; nready++; inprogress--; }
    }
    while (len - off >= 2 && c->state != DEAD) {
        unsigned char *f = b + off; long n = f[1] & 127; int h = 2;
        if (n == 126) { if (len - off < 4) break; n = f[2] << 8 | f[3]; h = 4; }
        else if (n == 127) { if (len - off < 10) break; n = 0; for (int i = 2; i < 10; i++) n = n << 8 | f[i]; h = 10; }
        if (len - off < h + n) break;
        on_frame(c, f[0], f + h, n, t);
        off += h + n;
    }
keep:
    if (c->state == DEAD) return;
    long rest = len - off;
    if (rest > c->carry_cap) c->carry = realloc(c->carry, c->carry_cap = rest * 2);
    if (rest) memcpy(c->carry, b + off, rest);
    c->carry_len = rest;
}

static void open_one(int i) {
    conn *c = &C[i];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(o.port)};
    inet_pton(AF_INET, o.host, &a.sin_addr);
    c->id = i; c->state = CONNECTING;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket: %s", strerror(errno));
    int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (void *)&a, sizeof a) < 0 && errno != EINPROGRESS) die("connect: %s", strerror(errno));
    want(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
    nopened++; inprogress++;
}
static void handshake(conn *c) {
    static char b[8192], p[1024], hv[1024];
    int err = 0; socklen_t l = sizeof err; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
    if (err) { kill_conn(c, strerror(err)); return; }
    fill(p, sizeof p, o.path, c->id, NULL);
    int k = snprintf(b, sizeof b, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", p, o.host, o.port);
    for (int i = 0; i < o.nheaders; i++) { fill(hv, sizeof hv, o.headers[i], c->id, NULL); k += snprintf(b + k, sizeof b - k, "%s\r\n", hv); }
    k += snprintf(b + k, sizeof b - k, "\r\n");
    c->state = HANDSHAKE;
    want(c, EPOLLIN, EPOLL_CTL_MOD);
    push(c, b, k);
}

static int pump(long timeout_ns) {                 /* one epoll round; returns events handled */
    static struct epoll_event ev[1024];
    static unsigned char buf[(1 << 20) + (1 << 22)];
    struct timespec ts = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    int n = epoll_pwait2(ep, ev, 1024, &ts, NULL);
    for (int i = 0; i < n; i++) {
        conn *c = &C[ev[i].data.u32];
        if (c->state == DEAD) continue;
        if (c->state == CONNECTING) { if (ev[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) handshake(c); continue; }
        if (ev[i].events & EPOLLOUT) flush_out(c);
        if (c->state != DEAD && (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
            if (c->carry_len) memcpy(buf, c->carry, c->carry_len);
            ssize_t r = recv(c->fd, buf + c->carry_len, 1 << 18, 0);
            if (r == 0) { kill_conn(c, "eof"); continue; }
            if (r < 0) { if (errno != EAGAIN) kill_conn(c, strerror(errno)); continue; }
            bytes_in += r;
            if (measuring) w_bytes += r;
            long len = c->carry_len + r; c->carry_len = 0;
            on_data(c, buf, len, now());
        }
    }
    return n;
}

typedef struct { double cpu, sys, anon_mb, rss_mb; u64 t; double busy; } snap;
static snap take(void) {
    snap s = {0}; char fn[64], line[2048];
    for (int i = 0; i < o.npids; i++) {
        snprintf(fn, sizeof fn, "/proc/%d/stat", o.pids[i]);
        FILE *f = fopen(fn, "r"); if (!f) continue;
        if (fgets(line, sizeof line, f)) {
            char *p = strrchr(line, ')'); unsigned long u, k;
            if (p && sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &k) == 2) { s.cpu += (u + k) / (double)sysconf(_SC_CLK_TCK); s.sys += k / (double)sysconf(_SC_CLK_TCK); }
        }
        fclose(f);
        snprintf(fn, sizeof fn, "/proc/%d/status", o.pids[i]);
        if ((f = fopen(fn, "r"))) {
            long kb; while (fgets(line, sizeof line, f)) { if (sscanf(line, "VmRSS: %ld", &kb) == 1) s.rss_mb += kb / 1024.0; if (sscanf(line, "RssAnon: %ld", &kb) == 1) s.anon_mb += kb / 1024.0; }
            fclose(f);
        }
    }
    FILE *f = fopen("/proc/stat", "r");
    unsigned long v[8];
    if (f && fscanf(f, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7) == 8)
        s.busy = (v[0] + v[1] + v[2] + v[5] + v[6]) / (double)sysconf(_SC_CLK_TCK);
    if (f) fclose(f);
    s.t = now();
    return s;
}
static double self_cpu(void) { struct rusage r; getrusage(RUSAGE_SELF, &r); return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6; }

static void run_for(double secs, double *next_k) { /* drives the open-loop schedule while time passes */
    u64 end = now() + (u64)(secs * 1e9);
    for (;;) {
        u64 t = now();
        if (t >= end) return;
        long to = end - t; if (to > 100000000) to = 100000000;
        if (o.rate > 0 && running) {
            u64 due;
            while ((due = t_origin + (u64)(*next_k * 1e9 / o.rate)) <= t) {
                conn *c = &C[(u64)*next_k % o.senders];
                if (c->state == READY) send_chat(c, due);
                *next_k += 1;
            }
            if ((long)(due - t) < to) to = due - t;
        }
        pump(to < 0 ? 0 : to);
    }
}

int main(int argc, char **argv) {
    static struct option L[] = {
        {"host", 1, 0, 'H'}, {"port", 1, 0, 'p'}, {"path", 1, 0, 'P'}, {"hello", 1, 0, 'h'}, {"ready", 1, 0, 'r'},
        {"msg", 1, 0, 'm'}, {"header", 1, 0, 'x'}, {"conns", 1, 0, 'n'}, {"senders", 1, 0, 's'}, {"rate", 1, 0, 'R'},
        {"window", 1, 0, 'w'}, {"size", 1, 0, 'z'}, {"warm", 1, 0, 'W'}, {"secs", 1, 0, 't'}, {"pid", 1, 0, 'i'},
        {"join-conc", 1, 0, 'c'}, {"stall", 1, 0, 'L'}, {"idle", 1, 0, 'I'},
        {"settle", 1, 0, 'e'}, {"max-time", 1, 0, 'T'}, {0}};
    for (int ch; (ch = getopt_long(argc, argv, "", L, NULL)) != -1;) switch (ch) {
        case 'H': o.host = optarg; break; case 'p': o.port = atoi(optarg); break; case 'P': o.path = optarg; break;
        case 'h': o.hello = optarg; break; case 'r': o.ready = optarg; break; case 'm': o.msg = optarg; break;
        case 'x': if (o.nheaders < 16) o.headers[o.nheaders++] = optarg; break;
        case 'n': o.conns = atoi(optarg); break; case 's': o.senders = atoi(optarg); break; case 'R': o.rate = atof(optarg); break;
        case 'w': o.window = atoi(optarg); break; case 'z': o.size = atoi(optarg); break; case 'W': o.warm = atof(optarg); break;
        case 't': o.secs = atof(optarg); break; case 'i': if (o.npids < 64) o.pids[o.npids++] = atoi(optarg); break;
        case 'c': o.conc = atoi(optarg); break; case 'L': o.stall = atoi(optarg); break; case 'I': o.idle = atof(optarg); break;
        case 'e': o.settle = atof(optarg); break; case 'T': o.maxtime = atof(optarg); break;
        default: return 2;
    }
    if (strncmp(o.host, "127.", 4)) die("loopback only");
    if (o.senders > o.conns) o.senders = o.conns;
    signal(SIGPIPE, SIG_IGN); alarm((unsigned)o.maxtime);
    ep = epoll_create1(EPOLL_CLOEXEC);
    C = calloc(o.conns, sizeof *C);
    for (int i = 0; i < o.conns; i++) { C[i].sender = i < o.senders ? i : 0xffff; }

    snap s0 = take(); u64 j0 = now();
    while (nready + ndead < o.conns) {
        while (nopened < o.conns && inprogress < o.conc) open_one(nopened);
        pump(100000000);
        if (ndead > 20) die("too many dead connections while joining (%d ready)", nready);
    }
    double join_s = (now() - j0) / 1e9, dummy = 0;
    u64 b0; do { b0 = bytes_in; run_for(o.settle > 0 ? o.settle : 0.1, &dummy); } while (bytes_in - b0 > 20000);
    snap sj = take();
    if (o.idle > 0) {
        run_for(o.idle, &dummy);
        snap s1 = take();
        printf("{\"conns\":%d,\"ready\":%d,\"join_s\":%.2f,\"join_cpu_s\":%.2f,\"rss0_mb\":%.2f,\"rss_joined_mb\":%.2f,\"rss_idle_mb\":%.2f,\"idle_kb_per_conn\":%.2f,\"idle_anon_kb_per_conn\":%.2f,\"anon0_mb\":%.2f,\"anon_idle_mb\":%.2f,\"idle_cpu_s\":%.3f}\n",
            o.conns, nready, join_s, sj.cpu - s0.cpu, s0.rss_mb, sj.rss_mb, s1.rss_mb, (s1.rss_mb - s0.rss_mb) * 1024 / o.conns, (s1.anon_mb - s0.anon_mb) * 1024 / o.conns, s0.anon_mb, s1.anon_mb, s1.cpu - sj.cpu);
        return 0;
    }
    for (int i = o.conns - o.stall; i < o.conns; i++) { C[i].stalled = 1; want(&C[i], 0, EPOLL_CTL_MOD); }
    int live = o.conns - o.stall;
    u64 sent0 = sent_msgs; marks_total = 0; others = 0;
    for (int i = 0; i < o.conns; i++) C[i].marks = 0;

    double k = 0; t_origin = now(); running = 1;
    if (o.window) for (int w = 0; w < o.window; w++) for (int i = 0; i < o.senders; i++) send_chat(&C[i], now());
    run_for(o.warm, &k);
    double g0 = self_cpu(); snap a = take();
    meas_t0 = a.t; meas_t1 = ~0ull; measuring = 1;
    run_for(o.secs, &k);
    measuring = 0; snap b = take(); meas_t1 = b.t; double g1 = self_cpu();
    u64 wm = w_marks, ws = w_sent;
    running = 0;                                    /* drain: count what is still under way */
    u64 target = (sent_msgs - sent0) * (u64)live, d0 = now();
    for (u64 prev = 0; marks_total < target && now() - d0 < 8000000000ull && nready > 0;) { prev = marks_total; run_for(0.3, &dummy); if (prev == marks_total && now() - d0 > 2000000000ull) break; }
    snap e = take();
    double T = (b.t - a.t) / 1e9, cpu = b.cpu - a.cpu;
    printf("{\"conns\":%d,\"stalled\":%d,\"rate\":%.1f,\"window\":%d,\"secs\":%.2f,\"sent_per_s\":%.1f,\"deliv_per_s\":%.0f,"
        "\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"cpu_s_per_M\":%.3f,\"srv_cpu\":%.3f,\"srv_sys\":%.3f,\"gen_cpu\":%.3f,\"foreign_cpu\":%.2f,"
        "\"bytes_per_deliv\":%.1f,\"per_frame\":%.1f,\"missing\":%lld,\"other_frames\":%llu,\"dead\":%d,\"join_s\":%.2f,\"join_cpu_s\":%.2f,\"rss0_mb\":%.1f,\"rss_joined_mb\":%.1f,\"rss_end_mb\":%.1f}\n",
        o.conns, o.stall, o.rate, o.window, T, ws / T, wm / T, pct(.5), pct(.9), pct(.99), pct(.999), wm ? cpu / (wm / 1e6) : -1.0, cpu / T, (b.sys - a.sys) / T, (g1 - g0) / T, (b.busy - a.busy - cpu - (g1 - g0)) / T,
        wm ? (double)w_bytes / wm : 0.0, wire_frames ? (double)marks_total / wire_frames : 0.0, (long long)(target - marks_total), (unsigned long long)others, ndead, join_s, sj.cpu - s0.cpu, s0.rss_mb, sj.rss_mb, e.rss_mb);
    if (nclose) { fprintf(stderr, "close codes:"); for (int i = 0; i < nclose; i++) fprintf(stderr, " %d", close_codes[i]); fputc('\n', stderr); }
    return 0;
}
