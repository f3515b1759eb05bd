// What the programs of libtorch share: its settings, and the small things that each benchmark needs.
#pragma once

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <torch/torch.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace peer {

using Parameters = std::vector<torch::Tensor>;

inline void set_gradients_to_none(const Parameters& parameters) {
  for (const torch::Tensor& parameter : parameters) parameter.mutable_grad().reset();
}

// A peer that computed nonsense would make a worthless bound.
inline void require_finite(benchmark::State& state, const torch::Tensor& tensor) {
  if (!torch::isfinite(tensor).all().item<bool>()) state.SkipWithError("the result is not finite");
}

inline void add(const std::string& name, const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->Unit(benchmark::kMicrosecond);
}

// The first calls find cold caches and take memory from the system; what counts is a step among many.
template <class Work>
void repeat(benchmark::State& state, const Work& work) {
  for (int i = 0; i < 2; ++i) work();
  for (auto _ : state) work();
}

// The BLAS in this process, by its file: on Debian's reference BLAS libtorch is up to 24 times slower than on OpenBLAS,
// and tools/bench does not compare with that.
inline std::string blas_library() {
  std::ifstream maps("/proc/self/maps");
  std::string line, fallback = "unknown";
  while (std::getline(maps, line)) {
    const std::size_t path = line.find('/');
    if (path == std::string::npos) continue;
    for (const char* optimized : {"openblas", "mkl_rt", "blis", "atlas"}) {
      if (line.find(optimized, path) != std::string::npos) return line.substr(path);
    }
    if (line.find("libblas", path) != std::string::npos) fallback = "reference: " + line.substr(path);
  }
  return fallback;
}

// One thread, as ours, and subnormal numbers flushed, as ours.
inline void settings() {
  at::set_num_threads(1);
  at::globalContext().setFlushDenormal(true);
}

// Runs what `register_all` registers. Returns the program's exit code.
inline int run(int argc, char** argv, void (*register_all)()) {
  // New tensors in each repetition: by default glibc may give their memory back to the system and fault it in again
  // each time, which makes a step up to twice as long, depending on what ran before. The peer is measured at its best.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
  settings();
  benchmark::AddCustomContext("peer", "libtorch " TORCH_VERSION);
  benchmark::AddCustomContext("blas", blas_library());
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace peer
