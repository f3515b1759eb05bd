// A run that is made anew beside the old one takes its place when it is whole, and not before.
#pragma once

#include <filesystem>
#include <string>

#include "tools/sweep/inventory.h"

namespace gradus::sweep {

std::filesystem::path rebuild_folder(const std::filesystem::path& output, const std::string& id);

// OUTPUT/ID.rebuild becomes OUTPUT/ID; the old one is removed. At every moment one of them is there whole, whatever
// happens. Throws records::SystemError.
void replace_run(const std::filesystem::path& output, const std::string& id);

// Ends what a kill interrupted: a whole ID.rebuild without an ID takes its name, and what lies aside goes, or takes its
// place again where there is nothing else. Throws records::SystemError.
void finish_replacements(const std::filesystem::path& output, Inventory& inventory);

}  // namespace gradus::sweep
