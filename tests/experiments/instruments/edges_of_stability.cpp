// Does the sharpness of a training on all images stay where the method says that its stability ends? Cohen et al.
// (2021), (2022). Each method in a training of its own: some minutes. The tests do a part of it.
//   edges_of_stability [IMAGES]
// Prints the figures, and fails if one is further than 5 % from its threshold.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

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
  const auto images = argc == 1 ? 2000 : settings::number_in<std::int64_t>(argv[1]).value_or(0);
  if (argc > 2 || images < 1) {
    fmt::print(stderr, "usage: edges_of_stability [IMAGES], expected a number of images\n");
    return 2;
  }
  bool good = true;
  try {
    for (const lab::Edge& edge : all) {
      const lab::Found found = lab::train_to_the_edge(edge, images);
      const double off = found.mean / found.threshold - 1;
      good = good && std::abs(off) <= 0.05;
      fmt::print(
          "{:17} threshold {:8.6g}, reached at step {:4}; mean from {} steps later {:8.6g} ({} rows), {:+.2f} %\n",
          edge.method, found.threshold, found.reached, edge.settling, found.mean, found.rows, 100 * off);
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "edges_of_stability: {}\n", error.what());
    return 1;
  }
  return good ? 0 : 1;
}
