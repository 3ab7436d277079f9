/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A plugin that does nothing but behave, well or badly: for tests of hosts. The configuration file
 * that it is given holds one word, and for some a number:
 *
 *     normal              stops as soon as it is asked to
 *     wait_for_fifo       its descriptor is the FIFO; a byte there ends it once it has been asked
 * to stop, and until then it waits leave               stops without having been asked to hang
 * never returns from dispatch hang_in_stop        never returns from the dispatch after it has been
 * asked to stop nap SECONDS         takes so long in its first dispatch, and is normal from then on
 *     crash_in_start      is killed by SIGABRT in start
 *     crash_after N       the same in the dispatch after N others
 *     fail_start ERRNO    start returns -ERRNO
 *     fail_dispatch ERRNO dispatch returns -ERRNO
 *     problems N          check_config reports N problems, the first of them without a line
 *
 * What happens to it is appended to the file that FAKE_PLUGIN_TRACE names, a line each.
 * Compile with -DFAKE_ABI_VERSION=N for a plugin of another ABI.
 */
#define _GNU_SOURCE  // NOLINT(bugprone-reserved-identifier,readability-identifier-naming): libc's

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "keepalived/plugin.h"

#ifndef FAKE_ABI_VERSION
#define FAKE_ABI_VERSION KEEPALIVED_PLUGIN_ABI_VERSION
#endif

enum { line_size = 64 };

struct KeepalivedPlugin {
  char line[line_size];  /* Of the configuration. */
  const char* behaviour; /* In `line`. */
  int number;
  int fd;
  int stopping;
};

__attribute__((format(printf, 1, 2))) static void trace(const char* format, ...) {
  const char* path = getenv("FAKE_PLUGIN_TRACE");
  FILE* file = path == NULL ? NULL : fopen(path, "ae");
  if (file == NULL) {
    return;
  }
  va_list arguments;
  va_start(arguments, format);
  vfprintf(file, format, arguments);
  va_end(arguments);
  fputc('\n', file);
  fclose(file);
}

static int is(const KeepalivedPlugin* plugin, const char* behaviour) {
  return strcmp(plugin->behaviour, behaviour) == 0;
}

static _Noreturn void hang(void) {
  for (;;) {
    pause();
  }
}

static _Noreturn void crash(void) {
  prctl(PR_SET_DUMPABLE, 0);
  abort();
}

/* Returns 0 or a negative errno value. */
static int read_behaviour(const char* path, KeepalivedPlugin* plugin) {
  FILE* file = fopen(path, "re");
  plugin->behaviour = "";
  if (file == NULL) {
    return -errno;
  }
  const char* got = fgets(plugin->line, sizeof(plugin->line), file);
  fclose(file);
  char* rest = NULL;
  plugin->behaviour = got == NULL ? NULL : strtok_r(plugin->line, " \n", &rest);
  if (plugin->behaviour == NULL) {
    return -EINVAL;
  }
  plugin->number = (int)strtol(rest, NULL, 10);
  return 0;
}

static int fake_check_config(const KeepalivedPluginHost* host, KeepalivedPluginReport report) {
  KeepalivedPlugin plugin = {.fd = -1};
  const int result = read_behaviour(host->config_path, &plugin);
  if (result < 0) {
    host->log(host->context, LOG_ERR, "cannot read the configuration");
    return result;
  }
  trace("checked");
  if (!is(&plugin, "problems")) {
    return 0;
  }
  for (int index = 0; index < plugin.number; ++index) {
    report(host->context, host->config_path, (size_t)index, "something is odd");
  }
  return plugin.number;
}

static int fake_start(const KeepalivedPluginHost* host, KeepalivedPlugin** plugin) {
  *plugin = NULL;
  KeepalivedPlugin* started = calloc(1, sizeof(*started));
  if (started == NULL) {
    return -ENOMEM;
  }
  int result = read_behaviour(host->config_path, started);
  trace("start pid=%d id=%s namespace=%s config=%s fifo=%s state_dir=%s flags=%" PRIu32,
        (int)getpid(), host->config_id == NULL ? "none" : host->config_id,
        host->net_namespace == NULL ? "none" : host->net_namespace, host->config_path,
        host->fifo_path == NULL ? "none" : host->fifo_path,
        host->state_dir == NULL ? "none" : host->state_dir, host->flags);
  host->log(host->context, LOG_INFO, "the fake plugin starts");
  host->log(host->context, LOG_DEBUG, "the fake plugin is talkative");
  if (result == 0 && is(started, "crash_in_start")) {
    crash();
  }
  if (result == 0 && is(started, "fail_start")) {
    result = -started->number;
  }
  if (result == 0) {
    /* The rest want to be dispatched at once. O_RDWR: no end of file while nobody writes. */
    const unsigned ready = !is(started, "normal") && !is(started, "hang_in_stop");
    started->fd = is(started, "wait_for_fifo") && host->fifo_path != NULL
                      ? open(host->fifo_path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
                      : eventfd(ready, EFD_NONBLOCK | EFD_CLOEXEC);
    result = started->fd < 0 ? -errno : 0;
  }
  if (result < 0) {
    free(started);
    return result;
  }
  *plugin = started;
  return 0;
}

static int fake_fd(const KeepalivedPlugin* plugin) {
  return plugin->fd;
}

static int fake_dispatch(KeepalivedPlugin* plugin) {
  if (is(plugin, "wait_for_fifo")) {
    char byte = 0;
    return read(plugin->fd, &byte, 1) == 1 && plugin->stopping ? 0 : 1;
  }
  if (is(plugin, "hang") || (is(plugin, "hang_in_stop") && plugin->stopping)) {
    hang();
  }
  if (is(plugin, "nap")) {
    eventfd_t count = 0;
    sleep((unsigned)plugin->number);
    eventfd_read(plugin->fd, &count);
    plugin->behaviour = "normal";
    trace("awake");
  }
  if (is(plugin, "crash_after") && plugin->number-- == 0) {
    crash();
  }
  if (is(plugin, "fail_dispatch")) {
    return -plugin->number;
  }
  return plugin->stopping || is(plugin, "leave") ? 0 : 1;
}

static int fake_stop(KeepalivedPlugin* plugin, uint32_t deadline_ms) {
  trace("stop %" PRIu32, deadline_ms);
  plugin->stopping = 1;
  if (!is(plugin, "wait_for_fifo")) {
    eventfd_write(plugin->fd, 1);
  }
  return 0;
}

static void fake_destroy(KeepalivedPlugin* plugin) {
  if (plugin == NULL) {
    return;
  }
  trace("destroy");
  close(plugin->fd);
  free(plugin);
}

const KeepalivedPluginDescriptor keepalived_plugin = {
    .abi_version = FAKE_ABI_VERSION,
    .size = sizeof(KeepalivedPluginDescriptor),
    .name = "fake_plugin",
    .version = "0",
    .check_config = fake_check_config,
    .start = fake_start,
    .fd = fake_fd,
    .dispatch = fake_dispatch,
    .stop = fake_stop,
    .destroy = fake_destroy,
};
