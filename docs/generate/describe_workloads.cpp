// Prints docs/workloads.md: every workload with its options, and the data sets and models that they choose among.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "experiments/records/program.h"
#include "experiments/workloads/datasets.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/workloads.h"
#include "settings/markdown.h"

using namespace gradus;

namespace {

lab::Run new_run() { return lab::Run(lab::Options("describe_workloads", {}), "", "float32"); }

// What `declare` asks a run for, beyond what every run has.
nlohmann::json options_of(const std::function<void(lab::Run&)>& declare) {
  lab::Run bare = new_run(), run = new_run();
  std::set<std::string> known;
  const nlohmann::json of_each = bare.options().describe_json();
  for (const auto& option : of_each.at("options")) known.insert(option.at("name"));
  declare(run);
  nlohmann::json all = nlohmann::json::array();
  const nlohmann::json described = run.options().describe_json();
  for (const auto& option : described.at("options"))
    if (!known.contains(option.at("name"))) all.push_back(option);
  return all;
}

// "--hidden=128" as a command line has it.
std::string written(const nlohmann::json& option) {
  std::string name = option.at("name");
  std::replace(name.begin(), name.end(), '_', '-');
  const nlohmann::json& value = option.at("default");
  if (value.is_boolean()) return "`--" + name + "`";
  return fmt::format("`--{}={}`", name, value.is_string() ? value.get<std::string>() : value.dump());
}

std::string budget(const lab::Plan& plan) {
  std::string text;
  for (const lab::Amount& amount : plan.budget)
    text += fmt::format("{}{:g} {}", text.empty() ? "" : ", ", amount.count, lab::name_of(amount.unit));
  text += plan.batch_size == lab::whole_set ? ", the whole set" : fmt::format(", batches of {}", plan.batch_size);
  return text + (plan.order == lab::Order::sequential ? " in order" : "");
}

std::string measured(const lab::Workload& workload) {
  std::string text;
  for (const lab::Metric& metric : workload.metrics) text += (text.empty() ? "" : ", ") + metric.column.name;
  return text;
}

void print_workloads() {
  records::put("| workload | | by default | measured | target |\n| --- | --- | --- | --- | --- |\n");
  for (const workloads::NamedWorkload& kind : workloads::workloads()) {
    lab::Run run = new_run();
    const lab::Workload made = kind.make(run);
    const std::string target =
        made.target.column.empty() ? "" : fmt::format("{} {:g}", cell(made.target.column), made.target.value);
    records::put(fmt::format("| [`{0}`](#{0}) | {1} | {2} | {3} | {4} |\n", kind.name, cell(kind.summary),
                             budget(made.plan), cell(measured(made)), target));
  }
  for (const workloads::NamedWorkload& kind : workloads::workloads()) {
    records::put(fmt::format("\n### {}\n\n", kind.name));
    for (const auto& option : options_of([&](lab::Run& run) { kind.make(run); }))
      records::put(fmt::format("- {}: {}\n", written(option), cell(option.at("help").get<std::string>())));
  }
}

constexpr const char* beginning = R"(# Workloads

What is trained, by name: a model, a loss, data, what is measured, and how long. `build/bin/train_workload
--workload=NAME` trains one with any optimizer; a program of your own has them by `workloads::choose(run, ..)`. A
workload is one header in `experiments/workloads/` and its line in `workloads.cpp`. Each has options of its own, below
with the defaults, and those of its model; `--budget-steps`, `--batch-size` and the others of a training are the same
for all (`--help`). Made from the code by `build/bin/describe_workloads`; a test holds this page to its output.

)";

constexpr const char* of_data = R"(
## Data sets

For `--data=NAME`, where a workload has that option. Choices are made on validation, results reported on test. Of a
data set without examples for validation, `--validation-examples` takes some from the end of the training set. An
unzipped copy of a large gzip file is left in `$GRADUS_CACHE`, by default `~/.cache/gradus`, for the next runs;
`GRADUS_CACHE=off` leaves none.

| data set | |
| --- | --- |
)";

void print_page() {
  records::put(beginning);
  print_workloads();
  records::put(of_data);
  for (const workloads::NamedDataset& data : workloads::datasets())
    records::put(fmt::format("| `{}` | {} |\n", data.name, cell(data.help)));
  records::put(
      "\n## Models\n\nFor `--model=NAME`; a workload refuses those that do not fit its data.\n\n"
      "| model | options |\n| --- | --- |\n");
  for (const workloads::Model& model : workloads::models()) {
    std::string text;
    for (const auto& option : options_of([&](lab::Run& run) { model.with_options(run); }))
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : "; ", written(option), cell(option.at("help").get<std::string>()));
    records::put(fmt::format("| `{}` | {} |\n", model.name, text));
  }
}

}  // namespace

int main() {
  return records::guarded_main("describe_workloads", [] {
    print_page();
    return 0;
  });
}
