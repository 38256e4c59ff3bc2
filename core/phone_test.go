package core

import (
	"slices"
	"strings"
	"testing"
	"testing/quick"
)

func TestReadPhone(t *testing.T) {
	for _, c := range []struct {
		in, number, mask, shown string
		kind                    PhoneKind
		mobile                  bool
	}{
		{"138 0013 8000", "13800138000", "138****8000", "13800138000", PhoneMobile, true},
		{"+86 138-0013-8000", "13800138000", "138****8000", "13800138000", PhoneMobile, true},
		{"0755-26888888", "0755-26888888", "0755-****8888", "0755-26888888", PhoneLandline, false},
		{"（0755）2688 8888", "0755-26888888", "0755-****8888", "0755-26888888", PhoneLandline, false},
		{"075526888888", "0755-26888888", "0755-****8888", "0755-26888888", PhoneLandline, false},
		{"+86 755 2688 8888", "0755-26888888", "0755-****8888", "0755-26888888", PhoneLandline, false},
		{"8675526888888", "0755-26888888", "0755-****8888", "0755-26888888", PhoneLandline, false},
		{"0755-26888888-801", "0755-26888888-801", "0755-****8888-***", "0755-26888888-801", PhoneLandline, false},
		{"0755-26888888转801", "0755-26888888-801", "0755-****8888-***", "0755-26888888-801", PhoneLandline, false},
		{"0755 26888888 ext. 801", "0755-26888888-801", "0755-****8888-***", "0755-26888888-801", PhoneLandline, false},
		{"０７５５－２６８８８８８８＃１", "0755-26888888-1", "0755-****8888-*", "0755-26888888-1", PhoneLandline, false},
		{"0763-3388888-1", "0763-3388888-1", "0763-***8888-*", "0763-3388888-1", PhoneLandline, false},
		{"010 6501 2345", "010-65012345", "010-****2345", "010-65012345", PhoneLandline, false},
		{"+852 9123 4567", "+85291234567", "+852 ****4567", "+852 9123 4567", PhoneHongKong, true},
		{"0085221234567", "+85221234567", "+852 ****4567", "+852 2123 4567", PhoneHongKong, false},
		{"852-9123-4567", "+85291234567", "+852 ****4567", "+852 9123 4567", PhoneHongKong, true},
		{"+853 6612 3456", "+85366123456", "+853 ****3456", "+853 6612 3456", PhoneMacau, true},
		{"+853 2812 3456", "+85328123456", "+853 ****3456", "+853 2812 3456", PhoneMacau, false},
		{"+886 912 345 678", "+886912345678", "+886 *****5678", "+886 912 345 678", PhoneTaiwan, true},
		{"+886 0912345678", "+886912345678", "+886 *****5678", "+886 912 345 678", PhoneTaiwan, true},
		{"+886 2 2345 6789", "+886223456789", "+886 *****6789", "+886 223 456 789", PhoneTaiwan, false},
	} {
		p, err := ReadPhone(c.in)
		if err != nil || p.Kind != c.kind || p.Number != c.number || p.Mobile != c.mobile {
			t.Errorf("ReadPhone(%q) = %+v, %v", c.in, p, err)
		}
		if got := MaskPhone(p.Number); got != c.mask {
			t.Errorf("mask of %s = %s, want %s", p.Number, got, c.mask)
		}
		if got := FormatPhone(p.Number); got != c.shown {
			t.Errorf("%s is shown as %s, want %s", p.Number, got, c.shown)
		}
		if PhoneIdentifies(p.Number) != c.mobile {
			t.Errorf("PhoneIdentifies(%s) = %t", p.Number, !c.mobile)
		}
	}
	for _, in := range []string{
		"", " ", "26888888", "91234567", "0912345678", "0755-268888", "0755-16888888", "0255-1", "400-800-8888", "110",
		"1380013800", "+852 1234 5678", "+852 912345678", "+853 71234567", "+886 12345678", "+1 212 555 0100",
		"0755-26888888-8012345", "+8613800138000000", "0010-65012345", "٠٧٥٥٢٦٨٨٨٨٨٨",
	} {
		if p, err := ReadPhone(in); err == nil || CodeOf(err) != CodeInvalid {
			t.Errorf("ReadPhone(%q) = %+v, %v", in, p, err)
		}
	}
}

func TestMobilesOnlyAreVerified(t *testing.T) {
	for in, want := range map[string]string{
		"138 0013 8000": "13800138000", "+852 9123 4567": "+85291234567", "+853 66123456": "+85366123456",
		"+886 912345678": "+886912345678", "0755-26888888": "", "+852 2123 4567": "", "": "",
	} {
		if got, err := NormalizeMobile(in); got != want || (err == nil) != (want != "") {
			t.Errorf("NormalizeMobile(%q) = %q, %v", in, got, err)
		}
	}
}

// checkStoredPhone holds for whatever was typed: the stored form reads as itself, is within its
// column, and neither it nor its base shows through the mask.
func checkStoredPhone(t *testing.T, typed string) bool {
	p, err := ReadPhone(typed)
	if err != nil {
		return p == Phone{}
	}
	again, err := ReadPhone(p.Number)
	shown, shownErr := ReadPhone(FormatPhone(p.Number))
	mask := MaskPhone(p.Number)
	ok := err == nil && again == p && shownErr == nil && shown == p && PhoneBase(p.Number) == p.Base &&
		len(p.Number) <= 20 && strings.Count(mask, "*") >= 3 && !strings.Contains(mask, p.Base) &&
		strings.HasSuffix(strings.TrimRight(mask, "-*"), p.Base[len(p.Base)-4:]) &&
		(p.Mobile || p.Kind != PhoneMobile)
	if !ok {
		t.Logf("%q: %+v, again %+v (%v), shown %+v, mask %s", typed, p, again, err, shown, mask)
	}
	return ok
}

func TestStoredPhonesReadAsThemselves(t *testing.T) {
	prefixes := []string{"", "+86", "0086", "86", "0", "010", "0755-", "(021)", "+852", "00853", "+886 0", "tel:1", "13"}
	ends := []string{"", "-1", "转801", "x12", " # 9", "-123456"}
	read := 0
	err := quick.Check(func(prefix, end uint8, number uint32, cut uint8) bool {
		digits := strings.Repeat("0", 10)
		for i, n := 9, number; i >= 0; i, n = i-1, n/10 {
			digits = digits[:i] + string(rune('0'+n%10)) + digits[i+1:]
		}
		typed := prefixes[int(prefix)%len(prefixes)] + digits[int(cut)%4:] + ends[int(end)%len(ends)]
		if _, err := ReadPhone(typed); err == nil {
			read++
		}
		return checkStoredPhone(t, typed)
	}, &quick.Config{MaxCount: 20000})
	if err != nil || read < 500 {
		t.Errorf("%v; %d numbers were read", err, read)
	}
}

func FuzzReadPhone(f *testing.F) {
	for _, seed := range []string{"13800138000", "0755-26888888转801", "+852 9123 4567", "00886912345678", "（010）65012345#1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if !checkStoredPhone(t, typed) {
			t.Errorf("%q", typed)
		}
	})
}

// Numbers of Hong Kong, Macau and Taiwan are also said without their country code.
func TestRegionalPhones(t *testing.T) {
	for text, want := range map[string][]string{
		"91234567": {"+85291234567"}, "6123 4567": {"+85261234567", "+85361234567", "+88661234567"}, "0912345678": {"+886912345678"},
		"0912-345-678": {"+886912345678"}, "13800138000": nil, "+85291234567": nil, "0755-26888888": nil, "12345678": nil,
		"陈芳": nil, "": nil,
	} {
		if got := RegionalPhones(text); !slices.Equal(got, want) {
			t.Errorf("%q may be %v, want %v", text, got, want)
		}
	}
}
