// What is wrong in a sweep's folder, and what mends it.
#pragma once

#include <filesystem>
#include <string>

namespace gradus::sweep {

enum class Remedy {
  run_again,       // the next sweep makes the run anew by itself
  run_or_take,     // that, or the manifest goes, where it was removed on purpose
  write_again,     // the next sweep writes the file anew by itself
  remove_run,      // it makes the run anew when the run's folder is gone
  remove_or_take,  // that, or taking the file as it is now
  recover,         // build/bin/recover
  remove_file,     // the next sweep writes it anew when it is gone
  move_away,       // it is no part of the sweep
  look_again       // nothing is known: it cannot be read now
};

struct Finding {
  std::string file;  // its path in the sweep's folder
  std::string what;
  Remedy remedy;
  std::string run = {};  // of which it is a file
};

// What mends it, in the sweep's folder.
std::string remedy_for(const std::filesystem::path& output, const Finding& finding);

// "OUTPUT/FILE: WHAT; REMEDY", in one line.
std::string line_of(const std::filesystem::path& output, const Finding& finding);

// What a message of an exception says after the path that it begins with.
std::string without_path(const std::filesystem::path& path, const std::string& message);

}  // namespace gradus::sweep
