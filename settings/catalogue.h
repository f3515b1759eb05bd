// What can be asked for by name: methods, wrappers, schedules, problems, models.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "settings/nearest_name.h"

namespace gradus::settings {

// A fixed list of T, which has a `name`. `kind` serves messages: "unknown optimizer 'adm': did you mean adam? ...".
template <class T>
class Catalogue {
 public:
  // Throws std::logic_error for a name that is there twice.
  Catalogue(std::string kind, std::vector<T> entries) : kind_(std::move(kind)), entries_(std::move(entries)) {
    for (const T& entry : entries_)
      if (get(entry.name) != &entry) throw std::logic_error(kind_ + " " + entry.name + " is there twice");
  }

  // Throws std::invalid_argument with the nearest name and the list.
  const T& find(std::string_view name) const {
    if (const T* entry = get(name)) return *entry;
    const std::string asked(name);
    throw std::invalid_argument("unknown " + kind_ + " '" + asked + "': " + choices_text(asked, names()));
  }
  // Null where there is none.
  const T* get(std::string_view name) const {
    const auto found = std::find_if(begin(), end(), [&](const T& entry) { return entry.name == name; });
    return found == end() ? nullptr : &*found;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const T& entry : entries_) all.push_back(entry.name);
    return all;
  }

  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  const T& front() const { return entries_.front(); }
  std::size_t size() const { return entries_.size(); }

 private:
  std::string kind_;
  std::vector<T> entries_;
};

}  // namespace gradus::settings
