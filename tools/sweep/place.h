// Which process of which machine this is.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace gradus::sweep {

// Within which a process's number means one process: the members host, boot and processes (its namespace).
nlohmann::json place_of_processes();

// When a process of this place began, in the kernel's ticks since the machine did: with its number, one process and no
// other. Empty where there is none.
std::string beginning_of(std::int64_t process);

}  // namespace gradus::sweep
