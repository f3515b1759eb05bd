// Does the sharpness of a training on all images stay where the method says that its stability ends? Cohen et al.
// (2021), (2022). Each method in a training of its own: some minutes. The tests do a part of it.
//   edges_of_stability [IMAGES [SEEDS [METHOD]]]
// Prints the figures, and fails if one is further than 5 % from its threshold.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "settings/parse.h"
#include "tests/experiments/instruments/edges.h"

namespace {

const gradus::lab::Edge all[] = {
    {"gradient_descent", {{"learning_rate", 0.025}}, 1500, 500},
    {"momentum", {{"learning_rate", 0.05}, {"momentum", 0.9}}, 1200, 500},
    {"nesterov", {{"learning_rate", 0.02}, {"momentum", 0.9}}, 1200, 500},
    {"adam", {{"learning_rate", 0.001}, {"beta2", 0.99}, {"epsilon", 1e-8}}, 2000, 500},
};

}  // namespace

int main(int argc, char** argv) {
  using namespace gradus;
  const auto count = [&](int at, std::int64_t otherwise) {
    return at < argc ? settings::number_in<std::int64_t>(argv[at]).value_or(0) : otherwise;
  };
  const std::int64_t images = count(1, 2000), seeds = count(2, 1);
  const std::string method = argc > 3 ? argv[3] : "";
  if (argc > 4 || images < 1 || seeds < 1) {
    fmt::print(stderr, "usage: edges_of_stability [IMAGES [SEEDS [METHOD]]], expected numbers from 1\n");
    return 2;
  }
  bool good = true, is_known = false;
  try {
    for (lab::Edge edge : all) {
      if (!method.empty() && method != edge.method) continue;
      is_known = true;
      for (edge.seed = 0; edge.seed < static_cast<std::uint64_t>(seeds); ++edge.seed) {
        const lab::Found found = lab::train_to_the_edge(edge, images);
        const double off = found.mean / found.threshold - 1;
        good = good && std::abs(off) <= 0.05;
        fmt::print(
            "{:17} seed {}: threshold {:8.6g}, reached at step {:4}; mean from {} steps later {:8.6g} ({} rows), "
            "{:+.2f} %\n",
            edge.method, edge.seed, found.threshold, found.reached, edge.settling, found.mean, found.rows, 100 * off);
        std::fflush(stdout);
      }
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "edges_of_stability: {}\n", error.what());
    return 1;
  }
  if (!is_known) {
    fmt::print(stderr, "edges_of_stability: no method '{}', expected one of those of this file\n", method);
    return 2;
  }
  return good ? 0 : 1;
}
