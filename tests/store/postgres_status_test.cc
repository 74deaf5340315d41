#include "postgres_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(PostgresStatusTest, EveryClassOfCodesHasItsMeaning) {
  using enum absl::StatusCode;
  const struct {
    const char* sqlstate;
    absl::StatusCode code;
    const char* advice;
  } kCases[] = {
      {"", kUnavailable, "asking again"},
      {"08006", kUnavailable, "asking again"},
      {"08P01", kUnavailable, "asking again"},
      {"22003", kInvalidArgument, "nothing was changed"},
      {"22021", kInvalidArgument, "nothing was changed"},
      {"23502", kAborted, "written by others"},
      {"23505", kAborted, "written by others"},
      {"23514", kInvalidArgument, "nothing was changed"},
      {"25006", kPermissionDenied, "read-only"},
      {"25P03", kUnavailable, "begin again"},
      {"28P01", kPermissionDenied, "password"},
      {"28000", kPermissionDenied, "pg_hba.conf"},
      {"3D000", kNotFound, "create the database"},
      {"3F000", kFailedPrecondition, "create the schema"},
      {"40001", kAborted, "begin again"},
      {"40003", kUnavailable, "read again"},
      {"40P01", kAborted, "begin again"},
      {"42501", kPermissionDenied, "grant"},
      {"42P01", kFailedPrecondition, "PostgresOptions::migrate"},
      {"42703", kFailedPrecondition, "PostgresOptions::migrate"},
      {"42P07", kFailedPrecondition, "of its own"},
      {"42710", kFailedPrecondition, "of its own"},
      {"42601", kInternal, "SQLSTATE 42601"},
      {"53100", kResourceExhausted, "free some space"},
      {"53200", kResourceExhausted, "room"},
      {"53300", kUnavailable, "max_connections"},
      {"54000", kInvalidArgument, "nothing was changed"},
      {"55P03", kUnavailable, "too long"},
      {"55006", kUnavailable, "asking again"},
      {"57014", kUnavailable, "too long"},
      {"57P01", kUnavailable, "asking again"},
      {"57P03", kUnavailable, "asking again"},
      {"57P04", kNotFound, "dropped"},
      {"58030", kUnavailable, "failed"},
      {"XX000", kInternal, "SQLSTATE XX000"},
      {"XX001", kDataLoss, "copy"},
      {"XX002", kDataLoss, "index"},
  };
  for (const auto& row : kCases) {
    const absl::Status status =
        PostgresError("PostgreSQL database g at h:1", row.sqlstate, "what\n");
    EXPECT_EQ(status.code(), row.code) << row.sqlstate;
    EXPECT_THAT(std::string(status.message()),
                StartsWith("PostgreSQL database g at h:1: what"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.advice));
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.sqlstate));
  }
}

TEST(PostgresStatusTest, TheCodeIsFoundInAMessageOfAnyLanguage) {
  EXPECT_EQ(SqlStateIn("connection to server on socket \"/a\" failed: FATAL:  "
                       "28P01: password authentication failed\nLOCATION:  x"),
            "28P01");
  EXPECT_EQ(SqlStateIn("connection failed: FATALE:  3D000: il database non "
                       "esiste"),
            "3D000");
  EXPECT_EQ(SqlStateIn("FATAL:  the database system is starting up"), "");
  EXPECT_EQ(SqlStateIn("could not connect: Connection refused"), "");
  EXPECT_EQ(SqlStateIn(""), "");
  EXPECT_EQ(SqlStateIn(":  "), "");
}

}  // namespace
}  // namespace fairpull
