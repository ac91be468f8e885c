# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: processes, the gateway, the SDK adapters, a raw HTTP client, scripted backends."""
