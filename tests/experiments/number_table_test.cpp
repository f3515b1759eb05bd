// Tables from outside, one line of this file each: what is accepted with its numbers, what is refused with its place.
#include "experiments/lab/number_table.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/files.h"

namespace gradus::lab {
namespace {

using namespace std::string_literals;
using Numbers = std::vector<double>;

class Tables : public testing::Test {
 protected:
  NumberTable read(const std::string& text, Separator separator = Separator::automatic) {
    put_file(file_, text);
    return read_number_table(file_, separator);
  }
  // The complaint about a file with this text, after the path that it begins with.
  std::string complaint(const std::string& text, Separator separator = Separator::automatic) {
    const std::string what = error_of([&] { read(text, separator); }), path = file_.string() + ": ";
    EXPECT_EQ(what.substr(0, path.size()), path) << text;
    EXPECT_EQ(what.find_first_of("\n\r\t"s + '\0'), std::string::npos) << what;
    return what.substr(std::min(what.size(), path.size()));
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "t.csv";
};

TEST_F(Tables, AreReadAsTheyStand) {
  const Numbers four{0.5, 1.25, -2, 3e-5};
  const struct {
    const char* what;
    std::string text;
    Numbers values;
    std::int64_t columns = 2;
  } accepted[] = {
      {"commas", "0.5,1.25\n-2,3e-5\n", four},
      {"no end of line at the end", "0.5,1.25\n-2,3e-5", four},
      {"CR LF", "0.5,1.25\r\n-2,3e-5\r\n", four},
      {"semicolons", "0.5;1.25\n-2;3e-5\n", four},
      {"tabs", "0.5\t1.25\n-2\t3e-5\n", four},
      {"spaces", "0.5 1.25\n-2 3e-5\n", four},
      {"runs of spaces and tabs", " 0.5   1.25\n-2 \t3e-5 \n", four},
      {"blanks around cells", " 0.5 , 1.25\n-2,\t3e-5 \n", four},
      {"names", "time,signal\n0.5,1.25\n-2,3e-5\n", four},
      {"names with blanks, brackets and digits", "x 1 (m/s);y_2\n0.5;1.25\n-2;3e-5\n", four},
      {"a separator of other files in a name", "\"a;b\",y\n0.5,1.25\n-2,3e-5\n", four},
      {"names in other scripts", "zeit,größe\n0.5,1.25\n-2,3e-5\n", four},
      {"names in Greek", "θ,φ\n0.5,1.25\n-2,3e-5\n", four},
      {"a byte-order mark",
       "\xef\xbb\xbf"
       "0.5,1.25\n-2,3e-5\n",
       four},
      {"a mark before names", "\xef\xbb\xbftime,signal\n0.5,1.25\n-2,3e-5\n", four},
      {"a mark before quotes", "\xef\xbb\xbf\"time\",\"signal\"\n0.5,1.25\n-2,3e-5\n", four},
      {"quoted numbers", "\"0.5\",\"1.25\"\n\"-2\",\"3e-5\"\n", four},
      {"quoted numbers between spaces", "\"0.5\" 1.25\n-2 \"3e-5\"\n", four},
      {"a space inside a quoted name", "\"the time\" signal\n0.5 1.25\n-2 3e-5\n", four},
      {"a plus, a capital E, points at the ends", "+.5,125.E-2\n-2,+3E-5\n", four},
      {"comments and empty lines", "# made by hand\n\n0.5,1.25\n  # more\n \t\n-2,3e-5\n\n", four},
      {"names after comments", "# made by hand\nx,y\n0.5,1.25\n-2,3e-5\n", four},
      {"one column", "1\n2\n", {1, 2}, 1},
      {"one row", "1,2,3\n", {1, 2, 3}, 3},
      {"a constant column", "5,1,0\n5,2,1\n", {5, 1, 0, 5, 2, 1}, 3},
      {"the ends of the range", "1.7976931348623157e308,-5e-324\n", {1.7976931348623157e308, -5e-324}},
      {"a whole number beyond 2^64", "123456789012345678901234567890,0\n", {123456789012345678901234567890.0, 0}},
      {"the nearest of neighbours", "0.1,0.30000000000000004\n", {0.1, 0.1 + 0.2}},
  };
  for (const auto& [what, text, values, columns] : accepted) {
    SCOPED_TRACE(what);
    const NumberTable table = read(text);
    EXPECT_EQ(table.values, values);
    EXPECT_EQ(table.columns, columns);
    EXPECT_EQ(table.rows() * columns, static_cast<std::int64_t>(values.size()));
  }
}

TEST_F(Tables, AreRefusedWhereTheyAreDoubtful) {
  const std::string number = ", expected a finite number", range = ", expected a number in the range of float64";
  const std::string commas = " (with a decimal point, and no commas)";
  const auto name = [](const std::string& beside) {
    return ", expected a name that begins with a letter, as \"" + beside + "\", or a line of numbers alone";
  };
  const struct {
    std::string text, complaint;
  } refused[] = {
      {"", "holds no rows of numbers"},
      {"# only a comment\n\n", "holds no rows of numbers"},
      {"x,y\n", "holds no rows of numbers"},
      // A first line that is no line of names is a row, and its cells are numbers or refused.
      {"nan,1\n2,3\n", "line 1, column 1: \"nan\"" + number},
      {"nan,inf\n2,3\n", "line 1, column 1: \"nan\"" + number},
      {"NA,null\n2,3\n", "line 1, column 1: \"NA\"" + number},
      {",1.7\n2,3\n", "line 1, column 1: an empty cell" + number},
      {",\n2,3\n", "line 1, column 1: an empty cell" + number},
      {"1e309,1.7\n2,3\n", "line 1, column 1: \"1e309\"" + range},
      {"1e309,-1e309\n2,3\n", "line 1, column 1: \"1e309\"" + range},
      {"0x10,1\n2,3\n", "line 1, column 1: \"0x10\"" + number},
      {"0x10,0x20\n2,3\n", "line 1, column 1: \"0x10\"" + number},
      {"\u22120.25,\u22120.5\n2,3\n", "line 1, column 1: \"\u22120.25\"" + number},
      {"0.5D0,1.5D0\n", "line 1, column 1: \"0.5D0\"" + number},
      {"$5,$6\n2,3\n", "line 1, column 1: \"$5\"" + number},
      {"½,¼\n2,3\n", "line 1, column 1: \"½\"" + number},
      {"\u0661,\u0662\n2,3\n", "line 1, column 1: \"\u0661\"" + number},  // Arabic digits
      {"\uff11,\uff12\n2,3\n", "line 1, column 1: \"\uff11\"" + number},  // wide digits
      {"5%,6%\n2,3\n", "line 1, column 1: \"5%\"" + number},
      {"2020-01-31,2020-02-29\n2,3\n", "line 1, column 1: \"2020-01-31\"" + number},
      {"1_000,2_000\n2,3\n", "line 1, column 1: \"1_000\"" + number},
      {"#N/A,1\n2,3\n", "line 1, column 1: \"#N/A\"" + number},
      {"1,2\n#DIV/0!,1\n", "line 2, column 1: \"#DIV/0!\"" + number},
      // A line of names and numbers.
      {"year,2019\n1,2\n", "line 1, column 2: \"2019\"" + name("year")},
      {"0.5,abc\n1,2\n", "line 1, column 1: \"0.5\"" + name("abc")},
      {",time,signal\n0,1,2\n", "line 1, column 1: an empty cell" + name("time")},  // pandas' index
      {"x,y,\n1,2,\n", "line 1, column 3: an empty cell" + name("x")},
      {"x,nan\n1,2\n", "line 1, column 2: \"nan\"" + name("x")},
      {"gr\xf6\xdf"
       "e,y\nnan,2\n",
       "line 2, column 1 (gr\\xf6\\xdfe): \"nan\"" + number},  // Latin-1
      // Later lines.
      {"x,y\n1,2\nx,y\n3,4\n", "line 3, column 1 (x): \"x\"" + number},
      {"1,2\n3,\n", "line 2, column 2: an empty cell" + number},
      {"x,y\n1,2\n3,nan\n", "line 3, column 2 (y): \"nan\"" + number},
      {"1,2\n-inf,2\n", "line 2, column 1: \"-inf\"" + number},
      {"1,2\n1e-400,2\n", "line 2, column 1: \"1e-400\"" + range},
      {"1,2\n1 # one,2\n", "line 2, column 1: \"1 # one\"" + number},
      {"1,2 # two\n", "line 1, column 2: \"2 # two\"" + number},
      {"1,2\n+-3,4\n", "line 2, column 1: \"+-3\"" + number},
      {"1,2\n++3,4\n", "line 2, column 1: \"++3\"" + number},
      {"1,2\n--3,4\n", "line 2, column 1: \"--3\"" + number},
      {"1,2\ntrue,4\n", "line 2, column 1: \"true\"" + number},
      {"1,2\n3\u00a0,4\n", "line 2, column 1: \"3\u00a0\"" + number},
      {"1,2\n3,4\x1a\n", "line 2, column 2: \"4\\x1a\"" + number},
      {"1,2\0\n"s, "line 1, column 2: \"2\\x00\"" + number},
      {"1,\xe9\n", "line 1, column 2: \"\\xe9\"" + number},
      // Decimal commas and thousands.
      {"x;y\n0,50;1,55\n", "line 2, column 1 (x): \"0,50\"" + number + commas},
      {"0,50;1,55\n", "line 1, column 1: \"0,50\"" + number + commas},
      {"0,50;0\n", "line 1, column 1: \"0,50\"" + number + commas},
      {"0,50\t0\n", "line 1, column 1: \"0,50\"" + number + commas},
      {"x,y\n0,50,0\n", "line 2: 3 cells, expected 2 as in line 1"},
      {"x y\n0,50 0\n", "line 2, column 1 (x): \"0,50\"" + number + commas},
      {"0,5 1,2\n", "line 1, column 2: \"5 1\"" + number},
      {"x,y\n\"1,000\",2\n", "line 2, column 1 (x): \"1,000\"" + number + commas},
      {"\"0,5\",\"1,2\"\n", "line 1, column 1: \"0,5\"" + number + commas},
      // Cells that are too few or too many, and none moves.
      {"x1\tx2\ty\n1\t\t1\n", "line 2, column 2 (x2): an empty cell" + number},
      {"x1\tx2\ty\n\t2\t0\n", "line 2, column 1 (x1): an empty cell" + number},
      {"x1\tx2\ty\n3\t1\t\n", "line 2, column 3 (y): an empty cell" + number},
      {"x1,x2,y\n0.5,1,\n", "line 2, column 3 (y): an empty cell" + number},
      {"1,2,\n", "line 1, column 3: an empty cell" + number},
      {"1,,2\n", "line 1, column 2: an empty cell" + number},
      {"x,y\n1,2,\n", "line 2: 3 cells, expected 2 as in line 1"},
      {"1,2\n\n3\n", "line 3: 1 cell, expected 2 as in line 1"},
      {"# c\n1,2\n3,4,5\n", "line 3: 3 cells, expected 2 as in line 2"},
      {"a b\n1 2 3\n", "line 2: 3 cells, expected 2 as in line 1"},  // row names, as R writes them
      {"1,2\n3;4\n", "line 2: 1 cell, expected 2 as in line 1"},
      {"1\t2\n3 4\n", "line 2: 1 cell, expected 2 as in line 1"},
      {"1,2\n3 4,5\n", "line 2, column 1: \"3 4\"" + number},
      {"1,2\n,,\n", "line 2: 3 cells, expected 2 as in line 1"},
      // Quotes.
      {"1,\"2\n3,4\n", "line 1, column 2: quotes that do not stand around a whole cell of one line"},
      {"1,\"2\"3\n", "line 1, column 2: quotes that do not stand around a whole cell of one line"},
      {"x,y\n1\"2,3\n", "line 2, column 1 (x): quotes that do not stand around a whole cell of one line"},
      {"1,\"2\"\"3\"\n", "line 1, column 2: \"2\"3\"" + number},
      {"\"\",\"\"\n1,2\n", "line 1, column 1: an empty cell" + number},
      // Other encodings and formats.
      {"1,2\r3,4\r", "line 1: a carriage return inside, expected lines that end with LF or CR LF"},
      {"x,y\n1,2\r3,4\n", "line 2: a carriage return inside, expected lines that end with LF or CR LF"},
      {"\xff\xfe"
       "1\0,\0"s,
       "UTF-16 text, expected UTF-8"},
      {"\xfe\xff\0"
       "1\0,"s,
       "UTF-16 text, expected UTF-8"},
      {"1\0,\0"
       "2\0\n\0"s,
       "line 1, column 1: \"1\\x00\"" + number},
      {"\x1f\x8b\x08", "compressed (gzip), expected text"},
      {"PK\x03\x04 and more", "a ZIP archive, as spreadsheets are, expected text"},
  };
  for (const auto& [text, expected] : refused) EXPECT_EQ(complaint(text), expected) << text;
}

TEST_F(Tables, TakeTheSeparatorTheyAreTold) {
  EXPECT_EQ(read("a;b,c\n1,2\n", Separator::comma).values, (Numbers{1, 2}));
  EXPECT_EQ(read("a\tb;c\n1\t2\n", Separator::tab).values, (Numbers{1, 2}));
  EXPECT_EQ(read("1 2\n3\t4\n", Separator::space).values, (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(complaint("1,2\n", Separator::semicolon),
            "line 1, column 1: \"1,2\", expected a finite number (with a decimal point, and no commas)");
}

TEST_F(Tables, KnowWhereANumberIsFrom) {
  const NumberTable table = read("# a comment\n\ntime,signal\n1,2\n\n3,4\n");
  EXPECT_EQ(table.place(1, 1), file_.string() + ": line 6, column 2 (signal)");
  EXPECT_EQ(table.names, (std::vector<std::string>{"time", "signal"}));
  put_file(file_, "1,2\n3,4\nrubbish\n");
  EXPECT_EQ(read_number_table(file_, Separator::automatic, 2).rows(), 2);
}

TEST_F(Tables, AreFiles) {
  EXPECT_EQ(error_of([&] { read_number_table(folder_ / "absent"); }),
            (folder_ / "absent").string() + ": cannot open: No such file or directory");
  EXPECT_EQ(error_of([&] { read_number_table(folder_.path()); }), folder_.path().string() + ": not a regular file");
}

#if !defined(__SANITIZE_ADDRESS__)
TEST_F(Tables, ThatNoMemoryHoldsAreNamed) {
  std::string text;
  for (int row = 0; row < 1'000'000; ++row) text += "1,2,3,4,5,6,7,8\n";
  put_file(file_, text);
  text = {};
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{48 << 20, 48 << 20};
    ::setrlimit(RLIMIT_DATA, &limit);
    const std::string what = error_of([&] { read_number_table(file_); });
    ::_exit(what == file_.string() + ": cannot be read: Cannot allocate memory" ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}
#endif

}  // namespace
}  // namespace gradus::lab
