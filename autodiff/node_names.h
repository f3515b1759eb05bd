// The names that people give to nodes and to stretches of a tape.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradus {

class NodeNames {
 public:
  // Where a text lies among all of them.
  struct Text {
    std::uint32_t first = 0, length = 0;
  };

  // Both throw std::invalid_argument if the text is empty or does not fit on one line.
  void set(std::uint32_t node, std::string_view name);
  // From node `first` on names have `name` and a point before them, after the prefix so far, which is returned.
  Text open_scope(std::uint32_t first, std::string_view name);
  void close_scope(std::uint32_t first, Text outer);

  // Empty if the node has none.
  std::string chosen(std::uint32_t node) const;
  std::string prefix(std::uint32_t node) const;
  void clear();

 private:
  struct Name {
    std::uint32_t node;
    Text text;
  };
  struct Prefix {
    std::uint32_t first;  // the nodes from here on have it
    Text text;
  };
  std::string at(Text t) const { return text_.substr(t.first, t.length); }
  Text append(std::string_view text);

  std::string text_;         // every name and prefix, one after the other
  std::vector<Name> names_;  // by node
  std::vector<Prefix> prefixes_;
};

}  // namespace gradus
