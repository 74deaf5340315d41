#include "redis_url.h"

#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

absl::Status Unreadable() {
  return absl::InvalidArgumentError(
      "the url of Redis can't be read; it must be redis://[user[:password]@]"
      "host[:port][,host[:port]…][/database], with characters like @ : / % in "
      "a name or password percent-encoded");
}

std::optional<int> ParseNumber(absl::string_view digits, int least, int most) {
  int number = 0;
  for (const char c : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return {};
  }
  if (!absl::SimpleAtoi(digits, &number) || number < least || number > most) {
    return {};
  }
  return number;
}

std::optional<std::string> PercentDecoded(absl::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    int code = 0;
    if (i + 2 >= text.size() ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2])) ||
        !absl::SimpleHexAtoi(text.substr(i + 1, 2), &code)) {
      return {};
    }
    plain += static_cast<char>(code);
    i += 2;
  }
  return plain;
}

bool IsHost(absl::string_view host, bool is_ipv6) {
  if (host.empty() || host.size() > 253) return false;
  for (const char c : host) {
    const bool fits = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                      c == '.' || c == '-' || c == '_' ||
                      (is_ipv6 && (c == ':' || c == '%'));
    if (!fits) return false;
  }
  return true;
}

std::optional<RedisEndpoint> ParseHost(absl::string_view text) {
  RedisEndpoint endpoint;
  const bool is_ipv6 = absl::ConsumePrefix(&text, "[");
  const std::size_t end = is_ipv6 ? text.find(']') : text.find(':');
  absl::string_view port =
      end == absl::string_view::npos ? absl::string_view() : text.substr(end);
  if (is_ipv6 && !absl::ConsumePrefix(&port, "]")) return {};
  endpoint.host = std::string(text.substr(0, end));
  if (!IsHost(endpoint.host, is_ipv6)) return {};
  if (port.empty()) return endpoint;
  if (!absl::ConsumePrefix(&port, ":")) return {};
  const std::optional<int> number = ParseNumber(port, 1, 65535);
  if (!number.has_value()) return {};
  endpoint.port = *number;
  return endpoint;
}

}  // namespace

std::string ToText(const RedisEndpoint& endpoint) {
  if (absl::StrContains(endpoint.host, ':')) {
    return absl::StrCat("[", endpoint.host, "]:", endpoint.port);
  }
  return absl::StrCat(endpoint.host, ":", endpoint.port);
}

absl::StatusOr<RedisUrl> ParseRedisUrl(absl::string_view url) {
  if (absl::StartsWith(url, "rediss://")) {
    return absl::InvalidArgumentError(
        "Redis over TLS (rediss://) is not supported; put a TLS tunnel beside "
        "the game, such as stunnel, and give its redis:// address");
  }
  if (!absl::ConsumePrefix(&url, "redis://")) return Unreadable();
  RedisUrl parsed;
  const std::size_t at = url.rfind('@');
  if (at != absl::string_view::npos) {
    const absl::string_view who = url.substr(0, at);
    const std::pair<absl::string_view, absl::string_view> split =
        absl::StrSplit(who, absl::MaxSplits(':', 1));
    const auto user = PercentDecoded(split.first);
    const auto password = PercentDecoded(split.second);
    // A name without a password would be taken for nobody.
    if (!user || !password || password->empty() ||
        absl::StrContains(who, '/') || absl::StrContains(who, '@')) {
      return Unreadable();
    }
    parsed.user = *user;
    parsed.password = *password;
    url.remove_prefix(at + 1);
  }
  const std::size_t slash = url.find('/');
  if (slash != absl::string_view::npos && slash + 1 < url.size()) {
    const auto number = ParseNumber(url.substr(slash + 1), 0, 1'000'000);
    if (!number.has_value()) return Unreadable();
    parsed.database = *number;
  }
  for (const absl::string_view host :
       absl::StrSplit(url.substr(0, slash), ',')) {
    const std::optional<RedisEndpoint> endpoint = ParseHost(host);
    if (!endpoint.has_value()) return Unreadable();
    parsed.hosts.push_back(*endpoint);
  }
  if (parsed.hosts.size() > 1 && parsed.database != 0) {
    return absl::InvalidArgumentError(
        "a Redis Cluster has no databases but 0; leave it out of the url");
  }
  return parsed;
}

absl::Status CheckRedisOptions(const RedisOptions& options) {
  const auto within = [](std::int64_t value, std::int64_t most) {
    return value >= 1 && value <= most;
  };
  if (within(options.max_connections, 1000) &&
      within(options.connect_timeout_ms, 60'000) &&
      within(options.command_timeout_ms, 60'000) &&
      within(options.skip_ms, 3'600'000)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "an option of Redis is out of range: max_connections is 1 to 1000, "
      "connect_timeout_ms and command_timeout_ms 1 to 60000, skip_ms 1 to "
      "3600000");
}

absl::StatusOr<RedisEndpoint> ParseRedirectTarget(absl::string_view text,
                                                  absl::string_view same_host) {
  const std::size_t colon = text.rfind(':');
  if (colon != absl::string_view::npos) {
    const absl::string_view host =
        colon == 0 ? same_host : text.substr(0, colon);
    const auto port = ParseNumber(text.substr(colon + 1), 1, 65535);
    if (port.has_value() && IsHost(host, /*is_ipv6=*/true)) {
      return RedisEndpoint{.host = std::string(host), .port = *port};
    }
  }
  return absl::InvalidArgumentError(
      "Redis redirected to an address that can't be read");
}

// CRC-16/XMODEM (polynomial 0x1021, from 0), as the specification of Redis
// Cluster says.
int RedisSlotOf(absl::string_view key) {
  const std::size_t open = key.find('{');
  if (open != absl::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != absl::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  std::uint32_t crc = 0;
  for (const char c : key) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
    }
    crc &= 0xFFFFU;
  }
  return static_cast<int>(crc % kRedisSlots);
}

}  // namespace fairpull
