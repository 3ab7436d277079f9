// SPDX-License-Identifier: MIT
#include "sources/fifo_source.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

#include <sys/epoll.h>

#include "runtime/text.hpp"

namespace batch_notifier::sources {

FifoSource::FifoSource(runtime::EventLoop& loop, runtime::Log& log, core::Statistics& statistics,
                       const core::Topology& topology, core::ObservationSink& sink,
                       const std::string& path, ledger::FifoJournal* journal)
    : loop_(loop),
      log_(log),
      statistics_(statistics),
      sink_(sink),
      journal_(journal),
      reporter_(log, statistics, topology, sink, path),
      opener_(loop, log, path,
              {[this](FifoPipe pipe) { opened(std::move(pipe)); }, [this] { close(); }}) {
}

void FifoSource::start(HeldFifo held) {
  const bool pinned = held.pinned;
  if (held.pipe) {
    use(std::move(held.pipe));
  }
  if (pinned) {
    pin();
  } else {
    opener_.open();
  }
}

void FifoSource::opened(FifoPipe pipe) {
  if (pipe_.waiting() == 0) {
    use(std::move(pipe));
  }
}

void FifoSource::use(FifoPipe pipe) {
  close();
  watch_.emplace(
      loop_, pipe.fd(), EPOLLIN, [this](std::uint32_t) { receive(); }, runtime::Pace::gathered);
  pipe_ = std::move(pipe);
}

void FifoSource::close() {
  watch_.reset();
  pipe_ = FifoPipe();
}

// Not asked for yet outside of tests.
// cppcheck-suppress unusedFunction
bool FifoSource::has_writer() {
  for (std::size_t reads = pipe_.reads_to_empty(); reads > 0 && pipe_; --reads) {
    if (pipe_.waiting() > 0) {
      receive();
      continue;
    }
    const FifoRead result = pipe_.read();
    if (result.kind != FifoRead::Kind::bytes) {
      return result.kind == FifoRead::Kind::empty;
    }
    take(result);
  }
  return is_open();
}

void FifoSource::replay(std::string_view bytes, bool damaged) {
  if (!bytes.empty()) {
    report(bytes);
  }
  if (damaged) {
    distrust(false);
  }
}

runtime::UniqueFd FifoSource::hand_over() {
  pin();
  if (!pipe_.is_at(opener_.path())) {
    for (std::size_t reads = pipe_.reads_to_empty(); reads > 0 && pipe_.waiting() > 0; --reads) {
      receive();
    }
    reporter_.drop_rest();
    if (journal_ != nullptr) {
      journal_->commit(0);
    }
  }
  watch_.reset();
  runtime::UniqueFd fifo = pipe_.release();
  close();
  return fifo;
}

void FifoSource::receive() {
  if (ended_ && ended_() && pipe_.is_at(opener_.path())) {
    hand_over();
  } else if (pipe_.may_have_been_full()) {
    skip_everything();
  } else {
    take(pipe_.read());
  }
}

void FifoSource::take(const FifoRead& result) {
  switch (result.kind) {
    case FifoRead::Kind::bytes:
      if (journal_ != nullptr) {
        journal_->append(result.bytes);
      }
      report(result.bytes);
      return;
    case FifoRead::Kind::empty:
      return;
    case FifoRead::Kind::end:
      lose("nobody writes to it any more; waiting for keepalived to open it again", true);
      return;
    case FifoRead::Kind::failed:
      lose("cannot be read: " + runtime::errno_text(result.error) + "; opening it again", false);
      return;
  }
}

void FifoSource::report(std::string_view bytes) {
  opener_.written();
  if (!trusted_) {
    trusted_ = true;
    sink_.observe(core::FifoOpened{});
  }
  reporter_.take(bytes);
  if (journal_ != nullptr) {
    journal_->commit(reporter_.rest());
  }
}

void FifoSource::skip_everything() {
  statistics_.add(core::Counter::fifo_overflows);
  throttles_.overflow.write(log_, runtime::Severity::warning,
                            "notify FIFO " + opener_.path() +
                                ": was full, so keepalived may have dropped lines; the lines that "
                                "waited are skipped, and "
                                "the states are taken from other sources until the next line",
                            runtime::read_clocks().monotonic);
  distrust(false);
  // As much as was in it: a writer that goes on writing must not keep the loop here.
  for (std::size_t skipped = 0; skipped < pipe_.capacity();) {
    const FifoRead result = pipe_.read();
    if (result.kind != FifoRead::Kind::bytes) {
      take(result);
      return;
    }
    skipped += result.bytes.size();
  }
}

void FifoSource::distrust(bool closed) {
  reporter_.drop_rest();
  trusted_ = false;
  sink_.observe(core::FifoLost{closed});
  if (journal_ != nullptr) {
    journal_->clear();
  }
}

void FifoSource::lose(const std::string& reason, bool closed) {
  throttles_.lost.write(log_, runtime::Severity::notice,
                        "notify FIFO " + opener_.path() + ": " + reason,
                        runtime::read_clocks().monotonic);
  close();
  opener_.open_later();
  distrust(closed);
}

}  // namespace batch_notifier::sources
