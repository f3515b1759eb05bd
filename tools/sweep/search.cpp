#include "tools/sweep/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/suggestion.h"
#include "tools/sweep/winners.h"

namespace gradus::sweep {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t usual_window = 4;
constexpr std::size_t longest_answer = 1 << 20;  // bytes
constexpr const char* usual_program = "ask_optuna";

// The options that the grid draws for a combination of its.
std::map<std::string, const Distribution*> space_of(const Grid& grid, const Combination& combination) {
  std::map<std::string, const Distribution*> space;
  const auto add = [&](const OptionList& options) {
    for (const Option& option : options)
      if (option.drawn) space.emplace(option.name, &*option.drawn);
  };
  add(grid.options);
  for (const When& when : grid.whens)
    if (when.condition.holds(combination.choices)) add(when.options);
  return space;
}

// The stage with this grid alone and one draw.
Stage with_one_draw(const Stage& stage, const Grid& grid) {
  Stage one = stage;
  one.grids = {grid};
  one.grids.front().draws.count = 1;
  one.grids.front().draws.method = DrawMethod::random;
  one.overridden = true;
  return one;
}

std::string command_of(const Draws& draws) {
  return draws.command ? *draws.command : shell_text({find_program(usual_program).string()});
}

}  // namespace

struct DrawSearch::One {
  std::map<std::string, const Distribution*> space;
  std::vector<Combination> bases;  // which differ in what the mean is over
  std::size_t count = 0, window = usual_window;
  std::uint64_t seed = 0;
  std::string command;
  const Begun* begun = nullptr;
  std::unique_ptr<PipedProgram> program;
  std::deque<Trial> trials;
  std::size_t told = 0;
  std::chrono::milliseconds patience = suggestion_patience();
  Clock::time_point deadline = {};       // of the answer that is waited for
  const Meanwhile* meanwhile = nullptr;  // of who asks for more

  void wait(std::span<pollfd> ends) const {
    if (Clock::now() >= deadline)
      throw std::runtime_error(
          fmt::format("no answer for {} seconds", std::chrono::duration<double>(patience).count()));
    (*meanwhile)(ends);
  }

  // It is of no more use: nobody waits for its end.
  void give_up() const {
    if (program) program->end(std::chrono::milliseconds(0));
  }

  json answer(const json& line) {
    try {
      if (!program) {
        program = std::make_unique<PipedProgram>(command, [this](std::span<pollfd> ends) { wait(ends); });
        (*begun)(program->process());
      }
      deadline = Clock::now() + patience;
      const std::string text = records::json_text(line) + "\n";
      program->send(std::as_bytes(std::span(text)));
      std::string reply;
      for (char letter = 0; letter != '\n'; reply += letter) {
        program->receive(std::as_writable_bytes(std::span(&letter, 1)));
        if (reply.size() > longest_answer) throw std::runtime_error("answers with a line that does not end");
      }
      json object = records::parse_json(reply);
      if (!object.is_object()) throw std::runtime_error("answers with what is no object of JSON");
      if (object.contains("error")) throw std::runtime_error(records::printable(records::text_member(object, "error")));
      return object;
    } catch (const records::Interrupted&) {
      give_up();
      throw;
    } catch (const std::exception& error) {
      give_up();
      throw std::runtime_error(fmt::format("{}: {}", records::printable(command), error.what()));
    }
  }

  void begin() {
    if (program) return;
    json options = json::object();
    for (const auto& [option, distribution] : space) options[option] = json_of(*distribution);
    answer({{"seed", seed}, {"count", count}, {"space", options}});
  }

  // The value that was suggested for the option. Throws std::runtime_error.
  OptionValue value_in(const json& options, const std::string& option) const {
    try {
      return suggested_value(options, option, *space.at(option));
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{}: {}", records::printable(command), error.what()));
    }
  }
};

bool is_searched(const Stage& stage) {
  return std::any_of(stage.grids.begin(), stage.grids.end(),
                     [](const Grid& grid) { return grid.draws.method == DrawMethod::ask; });
}

void check_search(const Stage& stage) {
  if (!is_searched(stage)) return;
  const std::string where = stage.name.empty() ? "draws" : fmt::format("stage {}", stage.name);
  if (!stage.select)
    throw UsageError(
        fmt::format("{}: suggested draws need results: expected a stage with select = {{by = ...}}", where));
  if (stage.limit) throw UsageError(fmt::format("{}: limit: expected none where draws are suggested", where));
  if (stage.stopping)
    throw UsageError(fmt::format("{}: stopping: expected draws that are not suggested by what runs end with", where));
  for (const Grid& grid : stage.grids) {
    if (grid.draws.method != DrawMethod::ask)
      throw UsageError(fmt::format("{}: expected one method of drawing for all groups", where));
    if (!grid.draws.command) static_cast<void>(find_program(usual_program));
    std::map<std::string, const Distribution*> drawn;
    for (const Option& option : grid.options)
      if (option.drawn) drawn.emplace(option.name, &*option.drawn);
    for (const When& when : grid.whens)
      for (const Condition::Term& term : when.condition.terms)
        if (drawn.contains(term.option))
          throw UsageError(
              fmt::format("{}: expected no condition on {}, which is suggested", when.condition.where, term.option));
  }
}

DrawSearch::DrawSearch(const Stage& stage, std::filesystem::path output, Identify identify, Plan plan, Begun begun)
    : stage_(stage),
      output_(std::move(output)),
      identify_(std::move(identify)),
      plan_(std::move(plan)),
      begun_(std::move(begun)) {
  std::map<std::string, One*> by_others;
  for (const Grid& grid : stage.grids)
    for (Combination& base : expand(with_one_draw(stage, grid))) {
      const auto space = space_of(grid, base);
      json others = base.options();
      for (const auto& [option, distribution] : space) others.erase(option);
      for (const std::string& option : stage.select->over) others.erase(option);
      One*& one = by_others[records::json_text(others)];
      if (one == nullptr) {
        searches_.push_back(std::make_unique<One>());
        one = searches_.back().get();
        one->begun = &begun_;
        one->space = space;
        one->count = static_cast<std::size_t>(grid.draws.count.value_or(0));
        one->window = static_cast<std::size_t>(grid.draws.window.value_or(usual_window));
        one->seed = grid.draws.seed.value_or(0);
        one->command = command_of(grid.draws);
      }
      one->bases.push_back(std::move(base));
    }
}

DrawSearch::~DrawSearch() {
  const auto deadline = Clock::now() + ending_grace();
  for (const auto& one : searches_)
    if (one->program) one->program->close_input();
  for (const auto& one : searches_)
    if (one->program)
      one->program->end(
          std::chrono::ceil<std::chrono::milliseconds>(std::max(deadline - Clock::now(), Clock::duration::zero())));
}

// Whether the next trial has come to its end, of which the program is told then.
bool DrawSearch::tell_next(One& one, const std::vector<RunRow>& rows) {
  if (one.told == one.trials.size()) return false;
  std::vector<Combination> mine;
  std::vector<RunRow> theirs;
  for (const std::size_t run : one.trials[one.told]) {
    if (run >= rows.size()) return false;  // it has only just been suggested
    const RunRow& row = rows[run];
    if (row.status != "completed" && row.status != "diverged") return false;
    mine.push_back(combinations_[run]);
    theirs.push_back(row);
  }
  WinnerRule rule = *stage_.select;
  rule.per.clear();
  const bool fine =
      std::all_of(theirs.begin(), theirs.end(), [](const RunRow& row) { return row.status == "completed"; });
  json value;
  if (fine) {
    try {
      const Choosing choosing = choose_winners(rule, mine, theirs, output_);
      const Winner& trial = choosing.winners.front();
      // How late one is that does not arrive cannot be known: of two, the longer would seem the later.
      if (trial.has_arrived) value = choosing.better == "lower" ? trial.value : -trial.value;
    } catch (const NoSettingLeft&) {
      // One has no finite value.
    }
  }
  one.answer({{"tell", one.told}, {"value", value}});
  ++one.told;
  return true;
}

void DrawSearch::ask_next(One& one, std::vector<Step>& steps, const Meanwhile& meanwhile) {
  one.begin();
  const json options = one.answer({{"ask", one.trials.size()}}).value("options", json());
  std::vector<Combination> suggested = one.bases;
  for (Combination& combination : suggested)
    for (Choice& choice : combination.choices)
      if (one.space.contains(choice.name)) choice.value = one.value_in(options, choice.name);
  try {
    identify_(suggested, meanwhile);
  } catch (const UsageError& error) {
    throw std::runtime_error(
        fmt::format("{}: suggests what is refused: {}", records::printable(one.command), error.what()));
  }
  Trial trial;
  for (Combination& combination : suggested) {
    // What was suggested before has its runs.
    const std::string& same = combination.config_hash.empty() ? combination.id : combination.config_hash;
    const auto [place, fresh] = numbers_.emplace(same, combinations_.size());
    trial.push_back(place->second);
    if (!fresh) continue;
    combinations_.push_back(std::move(combination));
    steps.push_back(plan_(combinations_.back()));
  }
  one.trials.push_back(std::move(trial));
}

std::vector<Step> DrawSearch::more(const std::vector<RunRow>& rows, const Meanwhile& meanwhile) {
  std::vector<Step> steps;
  for (const auto& one : searches_) {
    one->meanwhile = &meanwhile;
    // Always in this order, however many have ended by now.
    for (bool goes_on = true; goes_on;)
      if (one->trials.size() < std::min(one->count, one->told + one->window)) {
        ask_next(*one, steps, meanwhile);
        if (!steps.empty()) return steps;
      } else {
        goes_on = tell_next(*one, rows);
      }
  }
  return steps;
}

}  // namespace gradus::sweep
