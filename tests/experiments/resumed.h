// Runs that are stopped and go on, against the same that nobody stopped.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <map>

#include "experiments/records/completion.h"
#include "experiments/records/log_contents.h"
#include "tests/experiments/program.h"

namespace gradus::lab {

// The numbers of every column but times, by table and name, as bits; NaN has one.
inline std::map<std::string, std::vector<std::uint64_t>> numbers_of(const std::filesystem::path& run) {
  std::map<std::string, std::vector<std::uint64_t>> all;
  for (const records::MetricTable& table : records::read_metric_log(run / records::log_file).tables) {
    std::vector<std::uint64_t>& index = all[table.name() + "/index"];
    for (const std::int64_t i : table.index()) index.push_back(static_cast<std::uint64_t>(i));
    for (std::size_t column = 0; column < table.columns().size(); ++column) {
      if (table.columns()[column].units == "s") continue;
      std::vector<std::uint64_t>& bits = all[table.name() + "/" + table.columns()[column].name];
      for (const double x : table.values(column))
        bits.push_back(std::isnan(x) ? ~0ULL : std::bit_cast<std::uint64_t>(x));
    }
  }
  return all;
}

// Where they differ, in words; empty if they are the same.
inline std::string difference(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto ours = numbers_of(a), theirs = numbers_of(b);
  if (ours.empty()) return "nothing was logged";
  for (const auto& [name, bits] : ours) {
    const auto other = theirs.find(name);
    if (other == theirs.end()) return name + " is missing";
    if (other->second.size() != bits.size())
      return fmt::format("{} has {} rows and {}", name, bits.size(), other->second.size());
    for (std::size_t i = 0; i < bits.size(); ++i)
      if (bits[i] != other->second[i]) return fmt::format("{} differs in row {}", name, i);
  }
  return ours.size() == theirs.size() ? "" : "there are other columns";
}

// A run that is stopped after each of these steps and goes on, against `whole`, with which its program ended.
inline std::string difference_when_stopped(const std::function<void(Run&)>& body,
                                           const std::vector<std::string>& options, const std::vector<int>& stops,
                                           const Program& whole, int code) {
  Program cut;
  std::vector<std::string> now = options;
  for (const int stop : stops) {
    now.push_back(fmt::format("--stop-at={}", stop));
    const int stopped = cut.run(body, now);
    if (stopped != records::exit_stopped && stopped != code)
      return fmt::format("stopped at step {} with {}: {}", stop, stopped, cut.errors);
    now = options;
    now.emplace_back("--resume");
  }
  if (const int ended = cut.run(body, now); ended != code)
    return fmt::format("went on to exit code {}, expected {}: {}", ended, code, cut.errors);
  return difference(whole.output(), cut.output());
}

}  // namespace gradus::lab
