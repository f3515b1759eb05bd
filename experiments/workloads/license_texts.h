// Which licence a few words are from: real text as sparse counts, in classes that are not equally frequent.
#pragma once

#include "experiments/workloads/mlp.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/word_counts.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct LicenseTexts {
  static constexpr const char* name = "license-texts";
  static constexpr const char* summary =
      "which of the licences on every Debian system 20 words are from, by sparse counts of words; or which texts of a "
      "folder";

  Model model = Mlp{.hidden = {}, .initializer = "zeros"};
  WordCounts texts = {.folder = "/usr/share/common-licenses"};  // of the package base-files
  lab::Plan plan = {.budget = {lab::epochs(20)}, .batch_size = 20};

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    WordCounts asked = texts;
    asked.folder = run.option("texts", asked.folder.string(),
                              "folder of texts; a class is what the names of files begin with, up to the first '-'");
    asked.length = run.option("length", asked.length, "words in a piece of text", lab::between(1, 100'000));
    asked.words = run.option("words", asked.words, "different ones that are counted, the most frequent",
                             lab::between(1, 1'000'000));
    const lab::Dataset data = asked.dataset();
    run.before_start([data] { data.train.size(); });
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::cross_entropy,
            .data = data,
            .metrics = {lab::loss_metric(), lab::accuracy(), lab::top_k(3)},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
