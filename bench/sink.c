// A server that costs as little as it can: reads and discards what is PUT, takes a form as Applivery does and parts as S3 does, sends <size> bytes of a file for GET /get/<size>, over http or
// https, a thread for each connection. For benchmarks, where what is measured is the client. Prints its port.
// Build: cc -D_GNU_SOURCE -O2 sink.c -lssl -lcrypto -lpthread. Usage: sink <file> [<certificate> <key>]
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER (256 * 1024)
#define PIECE (1024 * 1024)

static SSL_CTX *context;
static const char *contents;
static long long contents_size;

struct connection {
  int fd;
  SSL *ssl;
};

static long receive(struct connection *c, char *to, size_t most) {
  return c->ssl ? SSL_read(c->ssl, to, (int)most) : read(c->fd, to, most);
}

static int send_all(struct connection *c, const char *from, size_t size) {
  while (size > 0) {
    long sent = c->ssl ? SSL_write(c->ssl, from, (int)size) : write(c->fd, from, size);
    if (sent <= 0) return 0;
    from += sent;
    size -= (size_t)sent;
  }
  return 1;
}

static long long header(const char *head, const char *name) {
  const char *at = strcasestr(head, name);
  return at ? atoll(at + strlen(name)) : 0;
}

static int send_bytes(struct connection *c, const char *head) {
  long long size = atoll(strstr(head, "/get/") + 5), start = 0, end = size - 1;
  const char *range = strcasestr(head, "\r\nrange: bytes=");
  char reply[512];
  if (range && sscanf(range + 15, "%lld-%lld", &start, &end) == 1) end = size - 1;
  int length = snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\netag: \"bench\"\r\naccept-ranges: bytes\r\ncontent-length: %lld\r\n", range ? "206 Partial Content" : "200 OK", end - start + 1);
  if (range) length += snprintf(reply + length, sizeof reply - (size_t)length, "content-range: bytes %lld-%lld/%lld\r\n", start, end, size);
  length += snprintf(reply + length, sizeof reply - (size_t)length, "\r\n");
  if (!send_all(c, reply, (size_t)length)) return 0;
  while (start <= end) {
    long long offset = start % contents_size, piece = contents_size - offset;
    if (piece > PIECE) piece = PIECE;
    if (piece > end - start + 1) piece = end - start + 1;
    if (!send_all(c, contents + offset, (size_t)piece)) return 0;
    start += piece;
  }
  return 1;
}

static void *serve(void *given) {
  struct connection *c = given;
  char *buffer = malloc(BUFFER + 1);
  const char stored[] = "HTTP/1.1 200 OK\r\netag: \"0123456789abcdef0123456789abcdef\"\r\ncontent-length: 0\r\n\r\n";
  const char accepted[] = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 75\r\n\r\n{\"status\":true,\"data\":{\"id\":\"64b0c1d2e3f4a5b6c7d8e9f0\",\"status\":\"pending\"}}";
  // Amazon S3 API reference: ListMultipartUploads, CreateMultipartUpload, CompleteMultipartUpload.
  const char listed[] = "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: 89\r\n\r\n<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>";
  const char begun[] = "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: 125\r\n\r\n<InitiateMultipartUploadResult><Bucket>bench</Bucket><Key>app.apk</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>";
  const char completed[] = "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: 158\r\n\r\n<CompleteMultipartUploadResult><Location>/</Location><Bucket>bench</Bucket><Key>app.apk</Key><ETag>\"0123456789abcdef-1\"</ETag></CompleteMultipartUploadResult>";
  if (c->ssl && SSL_accept(c->ssl) <= 0) goto end;
  for (;;) {
    size_t have = 0;
    char *body = NULL;
    while (!body && have < BUFFER) {
      long got = receive(c, buffer + have, BUFFER - have);
      if (got <= 0) goto end;
      have += (size_t)got;
      buffer[have] = 0;
      body = strstr(buffer, "\r\n\r\n");
    }
    if (!body) goto end;
    body += 4;
    if (!strncmp(buffer, "GET /get/", 9)) {
      if (!send_bytes(c, buffer)) goto end;
      continue;
    }
    char asked[256] = {0};
    strncpy(asked, buffer, strcspn(buffer, "\r") < sizeof asked ? strcspn(buffer, "\r") : sizeof asked - 1);
    long long left = header(buffer, "\r\ncontent-length: ") - (long long)(have - (size_t)(body - buffer));
    if (strcasestr(buffer, "\r\nexpect: 100") && !send_all(c, "HTTP/1.1 100 Continue\r\n\r\n", 25)) goto end;
    while (left > 0) {
      long got = receive(c, buffer, left < BUFFER ? (size_t)left : BUFFER);
      if (got <= 0) goto end;
      left -= got;
    }
    const char *reply = stored;
    if (!strncmp(asked, "GET", 3)) reply = listed;
    if (!strncmp(asked, "POST", 4)) reply = strstr(asked, "uploadId=") ? completed : strstr(asked, "?uploads") ? begun : accepted;
    if (!send_all(c, reply, strlen(reply))) goto end;
  }
end:
  if (c->ssl) SSL_free(c->ssl);
  close(c->fd);
  free(buffer);
  free(c);
  return NULL;
}

int main(int count, char **values) {
  signal(SIGPIPE, SIG_IGN);
  if (count < 2) return 1;
  int file = open(values[1], O_RDONLY);
  struct stat facts;
  if (file < 0 || fstat(file, &facts)) return 1;
  contents_size = facts.st_size;
  contents = mmap(NULL, (size_t)contents_size, PROT_READ, MAP_PRIVATE, file, 0);
  if (contents == MAP_FAILED) return 1;
  if (count == 4) {
    context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_file(context, values[2], SSL_FILETYPE_PEM) <= 0 || SSL_CTX_use_PrivateKey_file(context, values[3], SSL_FILETYPE_PEM) <= 0) return 1;
  }
  int listening = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listening, (struct sockaddr *)&address, size) || listen(listening, 128) || getsockname(listening, (struct sockaddr *)&address, &size)) return 1;
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    struct connection *c = calloc(1, sizeof *c);
    c->fd = accept(listening, NULL, NULL);
    if (c->fd < 0) return 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (context) {
      c->ssl = SSL_new(context);
      SSL_set_fd(c->ssl, c->fd);
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, c)) return 1;
    pthread_detach(thread);
  }
}
