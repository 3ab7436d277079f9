/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A host in plain C11, to show that the plugin ABI needs nothing else, and to run a plugin below
 * valgrind. It loads the plugin, polls its one descriptor next to a signalfd, and on SIGTERM stops
 * it, closes it and ends with status 0; 1 when something fails, 2 for bad usage.
 *
 *     c_host PLUGIN.so CONFIG STATE_DIR [FIFO]
 */
#define _GNU_SOURCE  // NOLINT(bugprone-reserved-identifier,readability-identifier-naming): libc's

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/signalfd.h>

#include "keepalived/plugin.h"

enum { stop_deadline_ms = 10000, exit_usage = 2 };

static void print_log(void* context, int priority, const char* message) {
  (void)context;
  fprintf(stderr, "<%d> %s\n", priority, message);
}

/* Returns a signalfd that reads SIGTERM, which is blocked from now on, or -1. */
static int open_signal_fd(void) {
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGTERM);
  if (sigprocmask(SIG_BLOCK, &awaited, NULL) != 0) {
    return -1;
  }
  return signalfd(-1, &awaited, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Polls and dispatches until the plugin has stopped. Returns 0, or a negative errno value. */
static int run_plugin(const KeepalivedPluginDescriptor* descriptor, KeepalivedPlugin* plugin,
                      int signal_fd) {
  for (;;) {
    struct pollfd ready[] = {{.fd = descriptor->fd(plugin), .events = POLLIN},
                             {.fd = signal_fd, .events = POLLIN}};
    if (poll(ready, 2, -1) < 0) {
      if (errno == EINTR) {
        continue;
      }
      return -errno;
    }
    struct signalfd_siginfo info;
    if (ready[1].revents != 0 && read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
      descriptor->stop(plugin, stop_deadline_ms);
    }
    if (ready[0].revents != 0) {
      const int result = descriptor->dispatch(plugin);
      if (result <= 0) {
        return result;
      }
    }
  }
}

/* Returns what `library` exports, or NULL if that is not a plugin of this ABI. */
static const KeepalivedPluginDescriptor* find_descriptor(void* library) {
  const KeepalivedPluginDescriptor* descriptor = dlsym(library, KEEPALIVED_PLUGIN_SYMBOL);
  if (descriptor == NULL || descriptor->abi_version != KEEPALIVED_PLUGIN_ABI_VERSION ||
      descriptor->size < sizeof(*descriptor)) {
    return NULL;
  }
  return descriptor;
}

static int host_plugin(const KeepalivedPluginDescriptor* descriptor,
                       const KeepalivedPluginHost* host) {
  const int signal_fd = open_signal_fd();
  if (signal_fd < 0) {
    perror("c_host: cannot wait for signals");
    return EXIT_FAILURE;
  }
  KeepalivedPlugin* plugin = NULL;
  int result = descriptor->start(host, &plugin);
  if (result == 0) {
    fprintf(stderr, "started %s %s\n", descriptor->name, descriptor->version);
    result = run_plugin(descriptor, plugin, signal_fd);
  }
  descriptor->destroy(plugin);
  close(signal_fd);
  if (result < 0) {
    fprintf(stderr, "c_host: the plugin failed: %s\n", strerror(-result));
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    fputs("usage: c_host PLUGIN.so CONFIG STATE_DIR [FIFO]\n", stderr);
    return exit_usage;
  }
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "c_host: %s\n", dlerror());
    return EXIT_FAILURE;
  }
  int status = EXIT_FAILURE;
  const KeepalivedPluginDescriptor* descriptor = find_descriptor(library);
  if (descriptor == NULL) {
    fprintf(stderr, "c_host: %s is no plugin of this ABI\n", argv[1]);
  } else {
    const KeepalivedPluginHost host = {
        .abi_version = KEEPALIVED_PLUGIN_ABI_VERSION,
        .size = sizeof(host),
        .log = print_log,
        .config_path = argv[2],
        .fifo_path = argc > 4 ? argv[4] : NULL,
        .state_dir = argv[3],
    };
    status = host_plugin(descriptor, &host);
  }
  dlclose(library);
  return status;
}
