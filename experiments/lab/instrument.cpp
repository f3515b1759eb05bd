#include "experiments/lab/instrument.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "experiments/lab/run.h"
#include "settings/parse.h"
#include "settings/text.h"

namespace gradus::lab {

Instrument::Instrument(std::string name, std::int64_t every) : name_(std::move(name)), every_(every) {
  if (every < 1)
    throw std::invalid_argument(fmt::format("instrument {}: every {} steps, expected at least 1", name_, every));
}

std::vector<records::Column> Instrument::all_columns(const Watched& watched) {
  std::vector<records::Column> all = columns(watched);
  all.push_back({.name = "instrument_seconds",
                 .units = "s",
                 .long_name = "spent on measuring this row",
                 .draw = records::Draw::none});
  all.push_back({.name = "instrument_gradients",
                 .long_name = "cost of this row in gradients of one example",
                 .draw = records::Draw::none});
  return all;
}

void Instrument::check(const Watched& watched) { records::MetricTable(name_, all_columns(watched), {.name = "step"}); }

void Instrument::open(Run& run, const Watched& watched) {
  stream_ = run.stream("instrument." + name_);
  table_ = &run.table(name_, all_columns(watched), {.name = "step"});
}

void Instrument::look(const Moment& at) {
  const auto start = std::chrono::steady_clock::now();
  const double gradients = at.objective.costs().gradient_equivalents;
  at.objective.set_batch(at.batch, static_cast<std::uint64_t>(at.step) + 1);
  at.objective.move_to(at.before);
  row_.clear();
  measure(at, row_);
  row_.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  row_.push_back(at.objective.costs().gradient_equivalents - gradients);
  table_->append(at.step, row_);
}

std::vector<std::shared_ptr<Instrument>> instruments_of(
    const std::string& text, const std::function<settings::NamedValues(const InstrumentKind&)>& values) {
  std::vector<std::shared_ptr<Instrument>> all;
  if (text.empty()) return all;
  for (const std::string_view one : settings::split(text, ',')) {
    const std::vector<std::string_view> parts = settings::split(one, ':');
    const InstrumentKind& kind = instruments().find(parts[0]);
    const auto every = parts.size() == 2 ? settings::number_in<std::int64_t>(parts[1]) : std::nullopt;
    if (!every || *every < 1)
      throw std::invalid_argument(fmt::format(
          "instrument '{}': expected NAME:STEPS with a whole number of steps, such as {}:100", one, kind.name));
    if (std::ranges::any_of(all, [&](const auto& other) { return other->name() == kind.name; }))
      throw std::invalid_argument(fmt::format("instrument {}: is there twice", kind.name));
    settings::NamedValues given = values ? values(kind) : settings::NamedValues();
    given.emplace_back("every", static_cast<double>(*every));
    all.push_back(kind.make(given));
  }
  return all;
}

}  // namespace gradus::lab
