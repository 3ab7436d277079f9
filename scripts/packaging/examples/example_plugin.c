/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The smallest useful plugin for keepalived-plugin-loader(8): it logs each line of keepalived's
 * notify FIFO. It needs the installed header and a C compiler, nothing else:
 *
 *     cc -shared -fPIC $(pkg-config --cflags keepalived-plugin) -o example_plugin.so
 * example_plugin.c
 *
 * and in keepalived.conf:
 *
 *     vrrp_notify_fifo_script "…/keepalived-plugin-loader /usr/local/lib/example_plugin.so" root
 */
#define _GNU_SOURCE  // NOLINT(bugprone-reserved-identifier,readability-identifier-naming): libc's

#include <errno.h>
#include <fcntl.h>
#include <keepalived/plugin.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { line_size = 1024 };

struct KeepalivedPlugin {
  const KeepalivedPluginHost* host;
  int epoll; /* The one descriptor that the host polls; it has the other two in it. */
  int fifo;
  int stopped; /* An eventfd, because stop has to wake the host's poll. */
  size_t used;
  char line[line_size];
};

static void log_line(const KeepalivedPluginHost* host, int priority, const char* text) {
  if (host->log != NULL) {
    host->log(host->context, priority, text);
  }
}

static int check_config(const KeepalivedPluginHost* host, KeepalivedPluginReport report) {
  if (access(host->config_path, R_OK) != 0) {
    return -errno;
  }
  (void)report; /* There are no settings that could be wrong. */
  return 0;
}

static void destroy(KeepalivedPlugin* plugin) {
  if (plugin == NULL) {
    return;
  }
  const int descriptors[] = {plugin->epoll, plugin->fifo, plugin->stopped};
  for (size_t index = 0; index < sizeof(descriptors) / sizeof(*descriptors); ++index) {
    if (descriptors[index] >= 0) {
      close(descriptors[index]);
    }
  }
  free(plugin);
}

static int watch(const KeepalivedPlugin* plugin, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  return descriptor < 0 || epoll_ctl(plugin->epoll, EPOLL_CTL_ADD, descriptor, &event) != 0 ? -errno
                                                                                            : 0;
}

static int start(const KeepalivedPluginHost* host, KeepalivedPlugin** plugin) {
  *plugin = NULL;
  if (host->abi_version != KEEPALIVED_PLUGIN_ABI_VERSION) {
    return -EINVAL;
  }
  KeepalivedPlugin* started = calloc(1, sizeof(*started));
  if (started == NULL) {
    return -ENOMEM;
  }
  started->host = host;
  started->fifo = -1;
  started->epoll = epoll_create1(EPOLL_CLOEXEC);
  started->stopped = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  int result = watch(started, started->stopped);
  if (result == 0 && host->fifo_path != NULL) {
    /* For writing too: otherwise the FIFO is at its end whenever keepalived closes it. */
    started->fifo = open(host->fifo_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    result = watch(started, started->fifo);
  }
  if (result < 0) {
    log_line(host, LOG_ERR, "example: cannot open keepalived's FIFO");
    destroy(started);
    return result;
  }
  log_line(host, LOG_INFO, "example: started");
  *plugin = started;
  return 0;
}

static int descriptor(const KeepalivedPlugin* plugin) {
  return plugin->epoll;
}

/* Logs every whole line that was read. A line that is longer than the buffer is logged in pieces.
 */
static void log_lines(KeepalivedPlugin* plugin) {
  char* begin = plugin->line;
  char* end = plugin->line + plugin->used;
  char* newline = NULL;
  while ((newline = memchr(begin, '\n', (size_t)(end - begin))) != NULL) {
    *newline = '\0';
    log_line(plugin->host, LOG_INFO, begin);
    begin = newline + 1;
  }
  plugin->used = (size_t)(end - begin);
  memmove(plugin->line, begin, plugin->used);
  if (plugin->used == line_size - 1) {
    plugin->line[plugin->used] = '\0';
    log_line(plugin->host, LOG_INFO, plugin->line);
    plugin->used = 0;
  }
}

static int dispatch(KeepalivedPlugin* plugin) {
  if (plugin->fifo >= 0) {
    /* One read: a plugin must not stay here while the host has other work. */
    const ssize_t got =
        read(plugin->fifo, plugin->line + plugin->used, line_size - 1 - plugin->used);
    if (got > 0) {
      plugin->used += (size_t)got;
      log_lines(plugin);
      return 1;
    }
  }
  eventfd_t count = 0;
  return eventfd_read(plugin->stopped, &count) == 0 ? 0 : 1;
}

static int stop(KeepalivedPlugin* plugin, uint32_t deadline_ms) {
  (void)deadline_ms; /* Nothing is outstanding once the FIFO has been read. */
  return eventfd_write(plugin->stopped, 1) == 0 ? 0 : -errno;
}

const KeepalivedPluginDescriptor keepalived_plugin = {
    .abi_version = KEEPALIVED_PLUGIN_ABI_VERSION,
    .size = sizeof(KeepalivedPluginDescriptor),
    .name = "example",
    .version = "1",
    .check_config = check_config,
    .start = start,
    .fd = descriptor,
    .dispatch = dispatch,
    .stop = stop,
    .destroy = destroy,
};
