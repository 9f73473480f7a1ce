#include "telemetry/trace_context.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

constexpr std::string_view kValid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceContextTest, AValidHeaderIsReadAndWrittenBackAsItWas) {
  const auto context = TraceContext::parse(kValid);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id[0], 0x0A);
  EXPECT_EQ(context->trace_id[15], 0x9C);
  EXPECT_EQ(context->span_id[0], 0xB7);
  EXPECT_EQ(context->flags, TraceContext::kSampled);
  EXPECT_EQ(context->header(), kValid);
}

TEST(TraceContextTest, WhatBreaksTheStandardIsNotRead) {
  for (const std::string_view text : {
           "", "00",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",      // no flags
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",    // short
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",  // long
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",  // version 00 ends here
           "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",   // upper case
           "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",   // no hex
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",   // zero trace
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",   // zero span
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",   // forbidden version
           "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",   // no version
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",   // no dash
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-x1",   // no flags
           " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",  // blank
       }) {
    EXPECT_FALSE(TraceContext::parse(text)) << text;
  }
}

TEST(TraceContextTest, ALaterVersionIsReadAsFarAsVersionZeroGoes) {
  EXPECT_TRUE(TraceContext::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  EXPECT_TRUE(TraceContext::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
  EXPECT_FALSE(TraceContext::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more"));
}

TEST(TraceContextTest, UnknownFlagsAreNotHandedOn) {
  EXPECT_EQ(TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff")->flags, 0x03);
  EXPECT_EQ(TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")->flags, 0x00);
}

TEST(TraceContextTest, AChildKeepsTheTraceAndHasASpanOfItsOwn) {
  const auto parent = *TraceContext::parse(kValid);
  const auto child = parent.child();
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_EQ(child.flags, parent.flags);
  EXPECT_NE(child.span_id, parent.span_id);
}

TEST(TraceContextTest, NewTracesDifferAndAreReadable) {
  const auto one = TraceContext::make();
  const auto other = TraceContext::make();
  EXPECT_NE(one.trace_id, other.trace_id);
  EXPECT_NE(one.span_id, other.span_id);
  EXPECT_EQ(TraceContext::parse(one.header()), one);
}

TEST(TraceContextTest, ARequestContinuesAValidTraceAndStartsOneOtherwise) {
  EXPECT_EQ(continue_trace(kValid).trace_id, TraceContext::parse(kValid)->trace_id);
  EXPECT_TRUE(TraceContext::parse(continue_trace("nonsense").header()));
}

}  // namespace
}  // namespace c4a
