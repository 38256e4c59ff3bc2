package core

import (
	"regexp"
	"strings"
)

// PhoneKind is a kind of phone number.
type PhoneKind string

// The kinds. Numbers of Hong Kong, Macau and Taiwan are of one kind each, mobile or not.
const (
	PhoneMobile   PhoneKind = "mobile"   // mainland mobile: 13800138000
	PhoneLandline PhoneKind = "landline" // mainland landline: 0755-26888888, 0755-26888888-801
	PhoneHongKong PhoneKind = "hongkong" // +85291234567
	PhoneMacau    PhoneKind = "macau"    // +85361234567
	PhoneTaiwan   PhoneKind = "taiwan"   // +886912345678
)

// Phone is a number that somebody typed, read.
type Phone struct {
	Kind      PhoneKind
	Number    string // in its stored form
	Base      string // without a landline's extension: what a whole number is searched by
	Extension string // of a landline; "" = none
	Mobile    bool   // of a mobile network: WeChat can verify it
}

const wrongPhone = "号码有误：请填写 11 位手机号、带区号的座机，或带 +852、+853、+886 的号码"

// ReadPhone reads a phone number of any kind, ignoring spaces, full-width figures, and what address
// books and dialling habits put before it. Its stored form reads as itself.
func ReadPhone(s string) (Phone, error) {
	plain := strings.TrimPrefix(strings.ToLower(compact(s)), "tel:")
	if plain == "" {
		return Phone{}, Invalid("请填写手机号")
	}
	if p, ok := readRegional(plain); ok {
		return p, nil
	}
	if digits := mobileDigits(plain); mobileForm.MatchString(digits) {
		return Phone{Kind: PhoneMobile, Number: digits, Base: digits, Mobile: true}, nil
	}
	if p, ok := readLandline(s, plain); ok {
		return p, nil
	}
	return Phone{}, Invalid(wrongPhone)
}

var (
	mobileForm   = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	areaForm     = regexp.MustCompile(`^(010|02[0-9]|0[3-9][0-9]{2})([2-9][0-9]{6,7})$`)
	extendedForm = regexp.MustCompile(
		`^(?:tel:)?((?:\+86|0086)?-?\(?[0-9]{2,4}\)?-?[0-9]{7,8})(?:-|转|轉|分机|分機|ext\.?|x|#)([0-9]{1,6})$`)
	landlineForm = regexp.MustCompile(`^(0[0-9]{2,3})-([0-9]{7,8})(-[0-9]{1,6})?$`)
	regionalForm = regexp.MustCompile(`^(\+85[23]|\+886)([0-9]{8,9})$`)
)

// regions are the country codes beside the mainland's, with the form of their numbers.
var regions = []struct {
	kind         PhoneKind
	code         string
	form, mobile *regexp.Regexp
}{
	{PhoneHongKong, "852", regexp.MustCompile(`^[2-9][0-9]{7}$`), regexp.MustCompile(`^[4-9]`)},
	{PhoneMacau, "853", regexp.MustCompile(`^(28|6|8)[0-9]{6,7}$`), regexp.MustCompile(`^6`)},
	{PhoneTaiwan, "886", regexp.MustCompile(`^(9[0-9]{8}|[2-8][0-9]{7,8})$`), regexp.MustCompile(`^9`)},
}

func readRegional(plain string) (Phone, bool) {
	for _, region := range regions {
		for _, prefix := range []string{"+", "00", ""} {
			rest, ok := strings.CutPrefix(plain, prefix+region.code)
			if region.kind == PhoneTaiwan {
				rest = strings.TrimPrefix(rest, "0") // the trunk 0 of a call within Taiwan
			}
			if !ok || !region.form.MatchString(rest) || region.kind == PhoneMacau && len(rest) != 8 {
				continue
			}
			number := "+" + region.code + rest
			return Phone{Kind: region.kind, Number: number, Base: number, Mobile: region.mobile.MatchString(rest)}, true
		}
	}
	return Phone{}, false
}

// RegionalPhones returns the numbers of Hong Kong, Macau and Taiwan in their stored form that a text may be, said as there, without the
// country code: 91234567, 0912345678. A text that is a whole number is left to ReadPhone.
func RegionalPhones(s string) (numbers []string) {
	plain := compact(s)
	if _, err := ReadPhone(plain); err == nil {
		return nil
	}
	for _, region := range regions {
		if p, ok := readRegional("+" + region.code + plain); ok {
			numbers = append(numbers, p.Number)
		}
	}
	return numbers
}

var landlineMarks = strings.NewReplacer(
	" ", "", "－", "-", "—", "-", "–", "-", "‐", "-", "‑", "-", "‒", "-", "（", "(", "）", ")", "＋", "+", "＃", "#",
)

// readLandline reads a number with its area code. Hyphens matter only before an extension: without
// one, plain, the text without them, is the number.
func readLandline(s, plain string) (Phone, bool) {
	extension := ""
	text := landlineMarks.Replace(strings.ToLower(Clean(s)))
	if m := extendedForm.FindStringSubmatch(text); m != nil {
		if base := withTrunk(compact(m[1])); areaForm.MatchString(base) {
			plain, extension = base, m[2]
		}
	}
	m := areaForm.FindStringSubmatch(withTrunk(plain))
	if m == nil || len(m[1]) == 3 && len(m[2]) != 8 {
		return Phone{}, false
	}
	p := Phone{Kind: PhoneLandline, Base: m[1] + "-" + m[2], Extension: extension}
	if p.Number = p.Base; extension != "" {
		p.Number += "-" + extension
	}
	return p, true
}

// withTrunk replaces the country code of a landline by the trunk 0 of a domestic call.
func withTrunk(plain string) string {
	for _, prefix := range []string{"+86", "0086", "86"} {
		if rest, ok := strings.CutPrefix(plain, prefix); ok && (prefix != "86" || len(rest) > 9) {
			return "0" + strings.TrimPrefix(rest, "0")
		}
	}
	return plain
}

// NormalizePhone returns the stored form of a phone number of any kind.
func NormalizePhone(s string) (string, error) {
	p, err := ReadPhone(s)
	return p.Number, err
}

// NormalizeMobile returns the stored form of a mobile number, one that WeChat can verify: of the
// mainland, Hong Kong, Macau or Taiwan.
func NormalizeMobile(s string) (string, error) {
	p, err := ReadPhone(s)
	switch {
	case err == nil && p.Mobile:
		return p.Number, nil
	case compact(s) == "":
		return "", err
	}
	return "", Invalid("手机号应为 11 位大陆手机号码，或带 +852、+853、+886 的手机号码")
}

// PhoneIdentifies reports whether a number in its stored form identifies the user of WeChat who has
// verified it: whether it is a mobile number.
func PhoneIdentifies(number string) bool {
	p, err := ReadPhone(number)
	return err == nil && p.Mobile
}

// PhoneBase returns a number in its stored form without an extension. Digests are of this: the last
// four figures of a landline are not those of its extension.
func PhoneBase(number string) string {
	if m := landlineForm.FindStringSubmatch(number); m != nil {
		return m[1] + "-" + m[2]
	}
	return number
}

// FormatPhone returns a number in its stored form as pages show it: +852 9123 4567. Those of the
// mainland are shown as they are stored.
func FormatPhone(number string) string {
	m := regionalForm.FindStringSubmatch(number)
	switch {
	case m == nil:
		return number
	case len(m[2]) == 9:
		return m[1] + " " + m[2][:3] + " " + m[2][3:6] + " " + m[2][6:]
	}
	return m[1] + " " + m[2][:4] + " " + m[2][4:]
}

// mobileDigits removes what address books and dialling habits put before a mainland mobile number:
// the country code, and the trunk 0 of a call from another city.
func mobileDigits(p string) string {
	for _, prefix := range []string{"+86", "0086", "86", "0"} {
		if rest, ok := strings.CutPrefix(p, prefix); ok && (prefix == "+86" || len(rest) == 11) {
			return rest
		}
	}
	return p
}

// Unreadable is shown in place of a phone or ID number that cannot be decrypted.
const Unreadable = "无法解密"

// MaskPhone returns 138****5678, 0755-****8888, 0755-****8888-*** or +852 ****4567. Anything else
// keeps at most its last four characters.
func MaskPhone(s string) string {
	if s == Unreadable {
		return s
	}
	if m := landlineForm.FindStringSubmatch(s); m != nil {
		extension := ""
		if m[3] != "" {
			extension = "-" + strings.Repeat("*", len(m[3])-1)
		}
		return m[1] + "-" + hideBut4(m[2]) + extension
	}
	if m := regionalForm.FindStringSubmatch(s); m != nil {
		return m[1] + " " + hideBut4(m[2])
	}
	if len(s) == 11 {
		return s[:3] + "****" + s[7:]
	}
	return maskMiddle(s, 0, 4)
}

func hideBut4(digits string) string {
	return strings.Repeat("*", len(digits)-4) + digits[len(digits)-4:]
}
