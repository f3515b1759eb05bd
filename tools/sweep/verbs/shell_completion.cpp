// sweep completion: what a shell needs to complete the tool's words and options.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "experiments/records/program.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

// All names of an app's options, with their dashes.
std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

// A word that goes on with a sweep takes options of `sweep run` too.
std::vector<std::string> option_names_of(const CLI::App& app, const CLI::App& verb) {
  std::vector<std::string> names = option_names(verb);
  if (!verb.get_allow_extras()) return names;
  for (std::string& name : option_names(*app.get_subcommand("run")))
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  return names;
}

// Behind `--`, files and folders: the program's options are its own.
std::string bash_text(const CLI::App& app) {
  std::vector<std::string> words;
  std::string cases;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(verb->get_name());
    cases += fmt::format("    {}) options='{}' ;;\n", verb->get_name(), fmt::join(option_names_of(app, *verb), " "));
  }
  return fmt::format(R"(_gradus_sweep() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} options='' i
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '{} --help' -- "$word"))
    return
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do [[ ${{COMP_WORDS[i]}} == -- ]] && return; done
  case ${{COMP_WORDS[1]}} in
{}  esac
  [[ $word == -* ]] && COMPREPLY=($(compgen -W "$options" -- "$word"))
}}
complete -o default -F _gradus_sweep sweep
)",
                     fmt::join(words, " "), cases);
}

}  // namespace

Verb completion_verb(CLI::App& app) {
  CLI::App* completion = app.add_subcommand(
      "completion", "print what lets bash complete words and options: source <(sweep completion bash)");
  auto shell = std::make_shared<std::string>();
  completion->add_option("shell", *shell, "bash")->required()->check(CLI::IsMember({"bash"}));
  return {completion, [&app, shell](const CommandLine&) {
            records::put(bash_text(app));
            return 0;
          }};
}

}  // namespace gradus::sweep
