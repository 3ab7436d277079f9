/* SPDX-License-Identifier: MIT */
/**
 * @file
 * How a host and a plugin of keepalived meet.
 *
 * A plugin is a shared object that exports one symbol, ::keepalived_plugin. The host looks it up
 * with dlsym(3), compares `abi_version`, and calls through it. The host may be keepalived's own
 * scheduler, sd-event, GLib, or a loop around poll(2): a started plugin shows exactly one file
 * descriptor, which becomes readable when there is something to do, and everything is done inside
 * `dispatch`, on the thread that called it. A plugin starts no thread, installs no signal handler,
 * changes no signal mask, never blocks, and lets no exception, exit or abort out.
 *
 *     start -> { poll(fd) -> dispatch }* -> stop -> { poll(fd) -> dispatch }* until stopped ->
 * destroy
 *
 * All functions of one plugin object are called from one thread at a time. Functions that can fail
 * return 0 or more on success and a negative errno value on failure, having logged the reason.
 *
 * Valid as C11 and as C++.
 */
#ifndef KEEPALIVED_PLUGIN_H
#define KEEPALIVED_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this interface. Raised when something here changes its meaning; structures may grow
 *  at their end within a version, which is what their `size` is for. */
#define KEEPALIVED_PLUGIN_ABI_VERSION 1u

/** Name of the symbol that a plugin exports, for dlsym(3). */
#define KEEPALIVED_PLUGIN_SYMBOL "keepalived_plugin"

/** KeepalivedPluginHost::flags: log every single observation, at LOG_DEBUG. */
#define KEEPALIVED_PLUGIN_LOG_DETAIL 0x1u

/** A started plugin; its contents are the plugin's own. */
typedef struct KeepalivedPlugin KeepalivedPlugin;

/** What the host gives. It and everything it points to belong to the host and must stay valid until
 *  `destroy` (or, for `check_config`, until that returns). */
typedef struct KeepalivedPluginHost {
  uint32_t abi_version; /**< KEEPALIVED_PLUGIN_ABI_VERSION as the host was compiled with. */
  uint32_t size;        /**< sizeof(KeepalivedPluginHost) as the host was compiled with. */
  void* context;        /**< Handed back with every callback. */
  /** Logs one line. `priority` is a level of syslog(3), LOG_ERR to LOG_DEBUG; `message` has no
   *  trailing newline, no secrets, and is valid during the call only. Must not block and must not
   *  call back into the plugin. NULL: nothing is logged. */
  void (*log)(void* context, int priority, const char* message);
  const char* config_path; /**< keepalived.conf to read. Never NULL. */
  const char* fifo_path;   /**< keepalived's notify FIFO, or NULL where there is none. */
  const char* state_dir;   /**< Directory for what must survive a restart, or NULL for none. */
  uint32_t flags;          /**< KEEPALIVED_PLUGIN_LOG_DETAIL or 0. */
  /* Hosts that were compiled before these were here end above, and need not give them. */
  /** When the host was started, in microseconds of CLOCK_MONOTONIC; 0: just now. Of two hosts with
   *  one `state_dir` the newer one takes over, also where the older one starts its plugin again. */
  int64_t started_us;
  /** Descriptor that becomes readable when the keepalived that is served has ended, such as a pidfd
   *  of its VRRP process (see pidfd_open(2)); 0 where that is not known. Not read from. */
  int keepalived;
  int reserved; /**< 0. Hosts that end above may have counted this as padding. */
  /** keepalived's config id, with which the lines `@ID` and `@^ID` of keepalived.conf are chosen;
   *  NULL for keepalived's default, the host name up to its first dot. */
  const char* config_id;
  /** The network namespace that keepalived was started with (`--namespace`), which overrides the
   *  `net_namespace` of keepalived.conf; NULL where that counts. */
  const char* net_namespace;
  /** Descriptor, such as the writing end of a pipe, that the processes of a delivery keep open
   * until nothing of that delivery runs any more, also where this process was killed; 0 for none.
   */
  int deliveries;
  int reserved2; /**< 0, as `reserved`. */
  /** The FIFO of `fifo_path`, open for reading and not blocking, 0 for none. A host that starts the
   *  plugin anew after a crash holds it open from its own start, so that no line is lost where
   *  keepalived closes and unlinks its FIFO meanwhile. The host reads nothing from it. */
  int fifo;
  int reserved3; /**< 0, as `reserved`. */
} KeepalivedPluginHost;

/** Called by `check_config` for each problem found, in the order of the files; then for each
 * warning, which begins with "warning: "; and last with one line that sums up what is configured.
 * `file` and `message` are valid during the call only; `line` counts from 1 and is 0 where no
 * single line is meant. */
typedef void (*KeepalivedPluginReport)(void* context, const char* file, size_t line,
                                       const char* message);

/** What the plugin offers; exported as ::keepalived_plugin and constant for the process's life. */
typedef struct KeepalivedPluginDescriptor {
  uint32_t abi_version; /**< KEEPALIVED_PLUGIN_ABI_VERSION as the plugin was compiled with. */
  uint32_t size;        /**< sizeof(KeepalivedPluginDescriptor) as the plugin was compiled with. */
  const char* name;     /**< "batch_notifier". */
  const char* version;  /**< Version of the plugin, e.g. "1.2.3". */

  /** Reads `host->config_path` and reports every problem. Starts nothing. Returns the number of
   *  problems, without warnings; -ENOENT, -EACCES … when that file itself cannot be read; -ENOMEM.
   */
  int (*check_config)(const KeepalivedPluginHost* host, KeepalivedPluginReport report);

  /** Starts a plugin and stores it in `*plugin`, which the caller gives back with `destroy`. A
   *  configuration with errors does not fail: bad lines are logged and left out. Sources that
   *  cannot start yet (no bus, say) are retried by the plugin itself. Returns 0; -EINVAL for
   * another ABI version; -ENOENT … when the configuration cannot be read; -ENOMEM or another errno
   * when even the event loop cannot be made. On failure `*plugin` is NULL. */
  int (*start)(const KeepalivedPluginHost* host, KeepalivedPlugin** plugin);

  /** The one descriptor to wait on, for reading, level triggered. Owned by the plugin, the same
   *  until `destroy`. */
  int (*fd)(const KeepalivedPlugin* plugin);

  /** Does what there is to do and returns without blocking; harmless when nothing is. Returns 1
   *  while the plugin runs, 0 once it has stopped (after `stop`), or a negative errno value when it
   *  cannot go on; in the last two cases only `destroy` is left to call. */
  int (*dispatch)(KeepalivedPlugin* plugin);

  /** Asks the plugin to stop: it goes on to listen, delivers what is outstanding, and then lets
   *  `dispatch` return 0, at the latest after `deadline_ms` milliseconds (UINT32_MAX: after its own
   *  `stop_timeout`). Keep polling and dispatching meanwhile. Calling it again can only shorten the
   *  deadline. Returns 0. */
  int (*stop)(KeepalivedPlugin* plugin, uint32_t deadline_ms);

  /** Frees everything, at once: running deliveries are terminated. NULL is allowed. */
  void (*destroy)(KeepalivedPlugin* plugin);
} KeepalivedPluginDescriptor;

/** The one symbol that a plugin exports. */
extern const KeepalivedPluginDescriptor keepalived_plugin;

#ifdef __cplusplus
}
#endif

#endif
