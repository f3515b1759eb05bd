// A short training of each method stays at its threshold; edges_of_stability has the long ones.
#include <gtest/gtest.h>

#include "tests/experiments/instruments/edges.h"
#include "tests/sanitized.h"

namespace gradus::lab {
namespace {

TEST(EdgesOfStability, AreWhereTheMethodsSay) {
  if (sanitized) GTEST_SKIP() << "long";
  for (const Edge& edge : edges()) {
    const Found found = train_to_the_edge(edge, 300, 0.3);
    EXPECT_GT(found.rows, 5) << edge.method;
    EXPECT_NEAR(found.mean / found.threshold, 1, 0.05) << edge.method;
  }
}

}  // namespace
}  // namespace gradus::lab
