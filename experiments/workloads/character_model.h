// Which character comes next, in a text that every Debian system has: the GNU General Public License.
#pragma once

#include "experiments/lab/text_source.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/transformer.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct CharacterModel {
  static constexpr const char* name = "characters";
  static constexpr const char* summary =
      "which character of a text comes next: a language model on the GNU General Public License";

  Model model = Transformer{.width = 64, .heads = 4, .layers = 2};
  std::string text = "/usr/share/common-licenses/GPL-3";  // of the package base-files
  std::int64_t length = 64;
  lab::Plan plan = {.budget = {lab::epochs(20)}, .batch_size = 16};

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const std::string path = run.option("text", text, "file to learn from");
    const std::int64_t characters = run.option("length", length, "characters in an example", lab::between(1, 100'000));
    const lab::Dataset data = lab::text_dataset(path, characters);
    run.before_start([data] { data.train.size(); });
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::cross_entropy,
            .data = data,
            .metrics = {lab::loss_metric(), lab::perplexity(), lab::accuracy()},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
