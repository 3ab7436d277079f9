// SPDX-License-Identifier: MIT
/// @file
/// When the ledger is written, and what becomes of one that cannot be read or written. What a
/// consumer may have seen stands on it before the consumer sees it; what it has answered, at once
/// after; what else has changed, within a second. In that second a killed worker would take with it
/// what nobody can say again, the lines of the FIFO: these are kept beside the ledger as they are
/// read.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/ledger.hpp"
#include "core/time.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"
#include "runtime/state_directory.hpp"
#include "sources/fifo_source.hpp"

namespace batch_notifier {

/// The ledger of one plugin object, in a state directory or nowhere.
class LedgerKeeper final : public sources::FifoKeeper {
 public:
  /// `journal_full` is called when so much was journaled that save() is due. `loop` and `log` must
  /// outlive the object.
  LedgerKeeper(runtime::EventLoop& loop, runtime::Log& log, std::function<void()> journal_full);

  /// Asks for the directory at `path`; one of `handlers` follows from the loop. False if there is
  /// none to be had (`path` may be nullptr), which has been logged: nothing is kept then.
  bool open(const char* path, runtime::StateDirectory::Handlers handlers,
            std::optional<core::MonotonicTime> started);

  /// Asks a following run to wait until then at the latest, if it must. A failure is logged.
  void hold_until(core::MonotonicTime end);

  /// What a former run has left; an empty one if it left nothing. One that cannot be used is logged
  /// and set aside.
  core::Ledger read();

  /// What was read from the FIFO by a former worker that did not come to save what it said; to be
  /// reported, and settled, before save(). Nothing if that cannot be known, which has been logged.
  std::optional<std::string> kept();

  /// Writes the ledger, if it has changed. A failure is logged once, and the old one is removed.
  void save(const core::Ledger& ledger);

  void keep(std::string_view bytes) override;
  void settle(std::size_t rest) override;
  void forget() override;

 private:
  void fail(const std::string& reason);

  runtime::EventLoop& loop_;
  runtime::Log& log_;
  std::function<void()> journal_full_;
  std::unique_ptr<runtime::StateDirectory> directory_;
  std::string saved_;
  std::string unsettled_;  ///< Bytes of the FIFO that the present ledger need not have in it yet.
  bool failed_ = false;
};

}  // namespace batch_notifier
