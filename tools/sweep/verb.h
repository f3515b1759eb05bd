// What `sweep WORD ...` does: each word in a file of its own, verbs/WORD.cpp, or with what it alone needs.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gradus::sweep {

struct CommandLine {
  std::vector<std::string> whole;  // with the tool's own name
  std::vector<std::string> rest;   // after the first `--`: the program's, and not CLI11's to read
  bool has_rest = false;           // there is a `--`
};

struct Verb {
  CLI::App* app;                               // of which `run` is called if it was parsed
  std::function<int(const CommandLine&)> run;  // the exit code
  bool takes_program = false;                  // something may stand after `--`
};

// Each adds its word with its options.
Verb run_verb(CLI::App& app);
Verb resume_verb(CLI::App& app);
Verb retry_verb(CLI::App& app);
Verb plan_verb(CLI::App& app);
Verb run_one_verb(CLI::App& app);
Verb slurm_task_verb(CLI::App& app);
Verb status_verb(CLI::App& app);
Verb watch_verb(CLI::App& app);
Verb cancel_verb(CLI::App& app);
Verb list_verb(CLI::App& app);
Verb diff_verb(CLI::App& app);
Verb verify_verb(CLI::App& app);
Verb completion_verb(CLI::App& app);

// A word whose only argument is the folder.
template <class Call>
Verb folder_verb(CLI::App& app, const char* name, const char* help, Call call) {
  CLI::App* verb = app.add_subcommand(name, help);
  auto folder = std::make_shared<std::string>();
  verb->add_option("folder", *folder, "folder of the sweep")->required();
  return {verb, [folder, call](const CommandLine&) { return call(std::filesystem::path(*folder)); }};
}

}  // namespace gradus::sweep
