#include "experiments/workloads/workloads.h"

#include <fmt/format.h>

#include "experiments/workloads/deep_autoencoder.h"
#include "experiments/workloads/fashion_mlp.h"

namespace gradus::workloads {

const settings::Catalogue<NamedWorkload>& workloads() {
  static const settings::Catalogue<NamedWorkload> all("workload", {FashionMlp{}, DeepAutoencoder{}});
  return all;
}

lab::Workload choose(lab::Run& run, const NamedWorkload& fallback) {
  run.list("list-workloads", "print every workload, and end", [] {
    std::string text;
    for (const NamedWorkload& one : workloads()) text += fmt::format("{:<24} {}\n", one.name, one.summary);
    return text;
  });
  const std::string name = run.option("workload", fallback.name, "what is trained", lab::one_of(workloads().names()));
  return (name == fallback.name ? fallback : workloads().find(name)).make(run);
}

}  // namespace gradus::workloads
