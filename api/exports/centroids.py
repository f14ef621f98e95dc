"""Where countries lie, roughly: a point near the middle of each, as longitude and latitude in whole degrees (WGS 84).

The points were set by hand, good enough to draw a route from country to country on a map of the world, and for nothing
else: they are no borders, no ports and no position of anything that was declared. Territories far away do not count.
"""

from collections.abc import Mapping

_TABLE = """
AD 2 43, AE 54 24, AF 66 34, AL 20 41, AM 45 40, AO 18 -12, AR -65 -35, AT 14 48, AU 134 -25, AZ 48 40, BA 18 44,
BB -60 13, BD 90 24, BE 5 51, BF -2 12, BG 25 43, BH 51 26, BJ 2 10, BN 115 4, BO -65 -17, BR -53 -11, BS -77 24,
BW 24 -22, BY 28 54, BZ -89 17, CA -98 61, CD 24 -3, CG 15 -1, CH 8 47, CI -6 8, CL -71 -35, CM 13 6, CN 104 36,
CO -73 4, CR -84 10, CU -79 22, CY 33 35, CZ 15 50, DE 10 51, DJ 43 12, DK 10 56, DO -70 19, DZ 3 28, EC -78 -1,
EE 26 59, EG 30 27, ER 39 15, ES -4 40, ET 40 9, FI 26 64, FJ 178 -18, FR 2 47, GA 12 -1, GB -2 54, GE 44 42,
GH -1 8, GM -15 13, GN -11 10, GR 22 39, GT -90 16, GY -59 5, HK 114 22, HN -87 15, HR 16 45, HT -73 19, HU 19 47,
ID 118 -2, IE -8 53, IL 35 31, IN 79 22, IQ 44 33, IR 54 32, IS -19 65, IT 12 43, JM -77 18, JO 36 31, JP 138 36,
KE 38 0, KG 75 41, KH 105 13, KP 127 40, KR 128 36, KW 48 29, KZ 67 48, LA 103 18, LB 36 34, LK 81 8, LR -9 6,
LT 24 55, LU 6 50, LV 25 57, LY 17 27, MA -6 32, MD 28 47, ME 19 43, MG 47 -19, MK 22 42, ML -4 17, MM 96 21,
MN 104 47, MO 114 22, MR -10 20, MT 14 36, MU 58 -20, MV 73 3, MX -102 24, MY 109 4, MZ 36 -18, NA 17 -22, NE 8 17,
NG 8 10, NI -85 13, NL 5 52, NO 9 61, NP 84 28, NZ 171 -42, OM 56 21, PA -80 9, PE -75 -9, PG 144 -6, PH 122 12,
PK 69 30, PL 19 52, PR -66 18, PT -8 40, PY -58 -23, QA 51 25, RO 25 46, RS 21 44, RU 97 61, RW 30 -2, SA 45 24,
SD 30 15, SE 16 62, SG 104 1, SI 15 46, SK 19 49, SL -12 9, SN -14 14, SO 46 6, SV -89 14, SY 38 35, TG 1 9,
TH 101 15, TJ 71 39, TM 59 39, TN 10 34, TR 35 39, TT -61 11, TW 121 24, TZ 35 -6, UA 31 49, UG 32 1, US -98 39,
UY -56 -33, UZ 63 41, VE -66 7, VN 106 16, YE 48 16, ZA 24 -29, ZM 28 -14, ZW 30 -19
"""

CENTROIDS: Mapping[str, tuple[int, int]] = {
    code: (int(east), int(north)) for code, east, north in (entry.split() for entry in _TABLE.split(","))
}
"""Longitude and latitude by ISO 3166-1 code of two letters."""
