// recover FOLDER...: makes the result files of runs that were killed, from what they had logged.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "experiments/lab/run_folder.h"

int main(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) == "--help") {
    fmt::print(argc < 2 ? stderr : stdout,
               "usage: recover FOLDER...\nRebuilds run.h5 in the folders of runs that were killed or met a full disk.\n");
    return argc < 2 ? 2 : 0;
  }
  int failed = 0;
  for (int i = 1; i < argc; ++i) {
    try {
      const auto record = gradus::lab::recover(argv[i]);
      fmt::print("{}/run.h5: {}, rows: {}\n", argv[i], record.at("status").get<std::string>(), record.at("rows").dump());
    } catch (const std::exception& error) {
      fmt::print(stderr, "recover: {}\n", error.what());
      ++failed;
    }
  }
  return failed ? 1 : 0;
}
