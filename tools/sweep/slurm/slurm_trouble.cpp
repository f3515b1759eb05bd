#include "tools/sweep/slurm/slurm_trouble.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace gradus::sweep {
namespace {

// In lower case. The words of slurm_strerror (slurm_errno.c), of the system's errors, and of the options' parser.
constexpr std::array<std::string_view, 4> of_full = {"submitjob", "(job submit limit)", "temporarily unable to accept",
                                                     "try again"};

// A connection that is not made, breaks, or is not believed: munge may be away as well.
constexpr std::array<std::string_view, 25> of_away = {"unable to contact",
                                                      "unable to establish",
                                                      "timed out",
                                                      "connection",
                                                      "communication",
                                                      "connect failure",
                                                      "zero bytes",
                                                      "send/recv",
                                                      "message send",
                                                      "message receive",
                                                      "unexpected message",
                                                      "header lengths",
                                                      "authentication",
                                                      "munge",
                                                      "standby mode",
                                                      "broken pipe",
                                                      "transport endpoint",
                                                      "no route to host",
                                                      "host is down",
                                                      "network is",
                                                      "name resolution",
                                                      "lookup failure",
                                                      "temporarily unavailable",
                                                      "interrupted system call",
                                                      "socket timed out"};

constexpr std::array<std::string_view, 15> of_refused = {
    "invalid",       "illegal",          "unrecognized", "ambiguous", "requires an argument",
    "not permitted", "denied",           "not valid",    "policy",    "exceed",
    "not available", "not be satisfied", "not support",  "permitted", "does not exist"};

// Before all others: such a line quotes the user's words.
constexpr std::array<std::string_view, 7> of_option = {"invalid partition",   "invalid account", "invalid qos",
                                                       "unrecognized option", "illegal",         "ambiguous",
                                                       "requires an argument"};

bool has_any(std::string_view text, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return text.find(word) != text.npos; });
}

}  // namespace

SlurmTrouble::Kind trouble_in(std::string_view errors) {
  std::string text(errors);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  using Kind = SlurmTrouble::Kind;
  if (has_any(text, of_option)) return Kind::refused;
  if (has_any(text, of_full)) return Kind::full;
  if (has_any(text, of_away)) return Kind::away;
  return has_any(text, of_refused) ? Kind::refused : Kind::unknown;
}

}  // namespace gradus::sweep
