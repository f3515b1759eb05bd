// A short training of each method stays at its threshold; edges_of_stability has the long ones.
#include <gtest/gtest.h>

#include "tests/experiments/instruments/edges.h"
#include "tests/sanitized.h"

namespace gradus::lab {
namespace {

TEST(EdgesOfStability, AreWhereTheMethodsSay) {
  if (sanitized) GTEST_SKIP() << "long";
  const Edge all[] = {
      {"gradient_descent", {{"learning_rate", 0.03}}, 300, 100},
      {"momentum", {{"learning_rate", 0.05}, {"momentum", 0.9}}, 360, 150},
      {"nesterov", {{"learning_rate", 0.03}, {"momentum", 0.9}}, 260, 50},
      {"adam", {{"learning_rate", 0.001}, {"beta2", 0.99}, {"epsilon", 1e-8}}, 600, 150},
  };
  for (const Edge& edge : all) {
    const Found found = train_to_the_edge(edge, 2000);
    EXPECT_GT(found.rows, 5) << edge.method;
    EXPECT_NEAR(found.mean / found.threshold, 1, 0.05) << edge.method;
  }
}

}  // namespace
}  // namespace gradus::lab
