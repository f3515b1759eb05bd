#include "experiments/records/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "experiments/records/lifeline.h"
#include "experiments/records/text.h"

namespace gradus::records {
namespace {

using namespace std::chrono_literals;

// How a child ends that calls this; -1 if it is still there after five seconds.
int status_of(pid_t child) {
  int status = 0;
  for (int i = 0; i < 500; ++i) {
    if (::waitpid(child, &status, WNOHANG) == child) return status;
    std::this_thread::sleep_for(10ms);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return -1;
}

template <class F>
pid_t in_child(F&& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  return child;
}

int code_with_output_to(const char* path, int code) {
  const int status = status_of(in_child([&] {
    ::dup2(::open(path, O_WRONLY), STDOUT_FILENO);
    ::close(STDERR_FILENO);
    return guarded_main("p", [&] {
      std::puts("text");
      return code;
    });
  }));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(GuardedMain, OutputThatCannotBeWrittenIsAnError) {
  EXPECT_EQ(code_with_output_to("/dev/null", 0), 0);
  EXPECT_EQ(code_with_output_to("/dev/full", 0), 1);
  EXPECT_EQ(code_with_output_to("/dev/full", 3), 3);
}

// Also where a write long before the end failed, whose reason the system tells once.
TEST(GuardedMain, OutputThatCannotBeWrittenHasAReason) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  status_of(in_child([&] {
    ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    return guarded_main("p", [&] {
      put(std::string(100'000, 'x'));
      return 0;
    });
  }));
  ::close(ends[1]);
  std::string said(1000, '\0');
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], said.data(), said.size()))));
  ::close(ends[0]);
  EXPECT_EQ(said, "p: standard output: cannot write: No space left on device\n");
}

TEST(GuardedMain, ExceptionsBecomeCodes) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(guarded_main("p", []() -> int { throw UsageError("one"); }), 2);
  EXPECT_EQ(guarded_main("p", []() -> int { throw std::invalid_argument("t\xffwo\n"); }), 1);
  EXPECT_EQ(guarded_main("p", []() -> int { throw std::bad_alloc(); }), 1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "p: one\np: t\\xffwo\\x0a\np: not enough memory\n");
}

TEST(Text, IsShownWithoutWhatATerminalWouldObey) {
  EXPECT_TRUE(is_utf8("größe ∇ 𝛼"));
  EXPECT_FALSE(
      is_utf8("gr\xf6\xdf"
              "e"));
  EXPECT_FALSE(is_utf8("\xc3"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));  // a surrogate
  EXPECT_EQ(printable("größe\x1b[2J\t\xc3(\xff"), "größe\\x1b[2J\\x09\\xc3(\\xff");
  EXPECT_EQ(printable(std::string(20, 'x'), 5), "xxxxx...");
}

TEST(Text, OfALongMessageTheEndIsKeptToo) {
  EXPECT_EQ(one_line("a\nb"), "a\\x0ab");
  std::string message = "file: bad value '";
  for (int i = 0; i < 5000; ++i) message += "ü";
  const std::string line = one_line(message + "': expected a number");
  EXPECT_LE(line.size(), 4000u);
  EXPECT_TRUE(is_utf8(line));
  EXPECT_TRUE(line.starts_with("file: bad value 'üü"));
  EXPECT_TRUE(line.ends_with("ü': expected a number"));
  EXPECT_EQ(UsageError("a\nb").what(), std::string("a\\x0ab"));
}

TEST(Lifeline, EndsWhoeverHoldsItsOtherEnd) {
  auto lifeline = std::make_unique<Lifeline>();
  const std::string variable = lifeline->variable();
  const std::string value = variable.substr(variable.find('=') + 1);
  const int write_end = lifeline->write_end();
  const auto child_with = [&](const std::string& text) {
    return in_child([&] {
      ::close(write_end);
      ::setenv("GRADUS_LIFELINE", text.c_str(), 1);
      watch_lifeline();
      std::this_thread::sleep_for(1s);
      return 7;
    });
  };
  const pid_t watching = child_with(value), other = child_with("0:1"), none = child_with("");
  int status = 0;
  EXPECT_EQ(::waitpid(watching, &status, WNOHANG), 0);
  lifeline.reset();
  status = status_of(watching);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  for (const pid_t child : {other, none}) {
    status = status_of(child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  }
}

}  // namespace
}  // namespace gradus::records
